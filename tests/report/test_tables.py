"""The table of costs says what was not measured, and why."""

from kdlib.report.tables import cost_table
from kdlib.results.cost import Cost

COSTS = {
    "students/new": Cost(
        parameters=5000,
        not_measured={"assertions_per_second": "all predictions came from the cache"},
    ),
    "students/old": Cost(parameters=7000, assertions_per_second=2.5, latency_p50_seconds=0.25),
}


def test_a_missing_figure_is_a_dash_with_its_reason():
    table = cost_table(COSTS)
    assert [heading.text for heading in table.head] == [
        "model",
        "parameters",
        "assertions per second",
        "latency p50 seconds",
    ]
    new, old = table.rows
    assert [cell.text for cell in new] == ["students/new", "5,000", "–", "–"]
    assert [cell.note for cell in new] == ["", "", "all predictions came from the cache", "not measured"]
    assert [cell.sort for cell in old[1:]] == [7000, 2.5, 0.25]
