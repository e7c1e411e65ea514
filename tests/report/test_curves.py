from __future__ import annotations

import csv
import math

import pytest

from kdlib.files import DataError
from kdlib.report.curves import POINTS, Line, read_curves, thinned
from kdlib.telemetry.step_csv import step_columns

FIELDS = ("step", "ce_loss_raw", "ce_loss_weighted", "ce_weight")
FIELDS += ("kl_loss_raw", "kl_loss_weighted", "kl_weight")
FIELDS += ("total_loss_weighted", "temperature", "learning_rate")
ROWS = [
    (1, 1.5, 0.75, 0.5, 2, 1, 0.5, 1.75, 4, 0.1),
    (1, 0.5, 0.25, 0.6, 4, 2, 0.4, 2.25, 3, 0.2),
    (2, 1, 0.5, 0.5, "inf", "nan", 0.5, 1, 2, 0.3),
]
UNMEASURED = [("", "")] * len(ROWS)


def write_steps(path, rows=ROWS, norms=UNMEASURED):
    """Write ``step_metrics.csv`` of two components, a row per micro-batch."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, step_columns(["ce", "kl"]), restval=0)
        writer.writeheader()
        for row, pair in zip(rows, norms, strict=False):
            of_losses = dict(zip(("ce_grad_norm", "kl_grad_norm"), pair, strict=True))
            writer.writerow(dict(zip(FIELDS, row, strict=True)) | of_losses)


@pytest.fixture
def records(tmp_path):
    write_steps(tmp_path / "steps.csv")
    (tmp_path / "epochs.csv").write_text("epoch,step,validation_nll\n0,1,2.5\n1,2,2.25\n")
    return tmp_path / "steps.csv", tmp_path / "epochs.csv"


@pytest.fixture
def curves(records):
    return read_curves(*records)


def test_losses_of_a_step_add_up_and_settings_are_the_last(curves):
    assert list(curves.raw) == ["ce", "kl"]
    assert list(curves.weighted) == ["ce", "kl", "total"]
    assert curves.raw["ce"] == ([1, 2], [2.0, 1.0])
    assert curves.weighted["total"] == ([1, 2], [4.0, 1.0])
    assert curves.weights["kl"] == ([1, 2], [0.4, 0.5])
    assert curves.temperature == ([1, 2], [3, 2])
    assert curves.learning_rate.y == [0.2, 0.3]
    assert curves.validation == ([1, 2], [2.5, 2.25])


def test_a_broken_loss_is_no_number(curves):
    assert curves.raw["kl"].y == [6, math.inf]
    assert curves.weighted["kl"].y[0] == 3
    assert math.isnan(curves.weighted["kl"].y[1])


@pytest.mark.parametrize("left", [1, 40])
def test_a_row_that_was_cut_short_is_refused(records, left):
    steps, _ = records
    whole = steps.read_text().splitlines(keepends=True)
    steps.write_text("".join(whole[:-1]) + whole[-1][:left])
    with pytest.raises(DataError, match=r"steps\.csv:4: not a whole row of numbers"):
        read_curves(*records)


def test_a_missing_loss_is_refused(records):
    write_steps(records[0], [*ROWS[:2], (2, 1, 0.5, 0.5, "", 1, 0.5, 1, 2, 0.3)])
    with pytest.raises(DataError, match="not a whole row of numbers"):
        read_curves(*records)


def test_shares_of_the_gradient_add_up_where_it_was_measured(records):
    write_steps(records[0], norms=[(0.5, 1.0), (0.25, 0.25), ("", "")])
    assert read_curves(*records).shares == {"ce": ([1], [0.375]), "kl": ([1], [0.625])}


@pytest.mark.parametrize("norm", ["inf", "nan"])
def test_a_gradient_that_is_no_number_has_no_share(records, norm):
    """An infinite norm of one loss must not draw the share of the other as 0."""
    write_steps(records[0], norms=[(0.5, 1.0), (0.25, 0.25), (2.0, norm)])
    assert read_curves(*records).shares == {"ce": ([1], [0.375]), "kl": ([1], [0.625])}
    write_steps(records[0], norms=[(0.5, norm), (0.25, 0.25), ("", "")])
    assert read_curves(*records).shares == {}


def test_a_run_without_measured_gradients_has_no_shares(curves):
    assert curves.shares == {}


def test_a_short_line_is_kept():
    line = Line(list(range(POINTS)), [float(x * x) for x in range(POINTS)])
    assert thinned(line) == line


@pytest.mark.parametrize("n", [POINTS + 1, 2 * POINTS, 2 * POINTS - 1, 7777])
def test_thinning_keeps_the_mean_or_the_last(n):
    line = Line(list(range(n)), [float(x) for x in range(n)])
    mean, last = thinned(line), thinned(line, average=False)
    assert len(mean.x) == len(mean.y) == len(last.x) == POINTS
    assert mean.x == pytest.approx(mean.y)
    assert mean.x == sorted(set(mean.x))
    assert last.y == [float(x) for x in last.x]
    assert last.x[-1] == n - 1


def test_thinning_averages_every_point_once():
    line = Line(list(range(2 * POINTS)), [0.0, 1.0] * POINTS)
    assert thinned(line).y == [0.5] * POINTS


def test_a_training_without_steps(records):
    write_steps(records[0], rows=[])
    records[1].write_text("epoch,step,validation_nll\n")
    curves = read_curves(*records)
    assert curves.raw == {}
    assert curves.weighted == {"total": ([], [])}
    assert curves.validation == ([], [])
