"""What became of a statement in its test, in words."""

from __future__ import annotations

import re

from kdlib.results.measurements import Outcome

_ENDS = {
    "not_compiled": "does not compile",
    "failed": "fails",
    "timed_out": "does not end",
    "crashed": "ends its JVM",
}
_COMPARED = re.compile(r"expected: ?<(.*?)> but was: ?<(.*?)>")


def verdict(outcome: Outcome) -> str:
    """Return what became of a statement, with the reason where it is not ``valid``.

    Args:
        outcome: From ``execution.json``.
    """
    if outcome.valid:
        return "valid"
    if outcome.passes:
        return f"passes, but is vacuous: {outcome.vacuous}"
    if outcome.fails_today:
        return f"fails today: {_difference(outcome.message)}: code or assertion is wrong"
    return f"{_ENDS[outcome.status]}: {outcome.message}"


def _difference(message: str) -> str:
    """Return what a failed comparison says of its values; a right oracle fails where the code is wrong."""
    values = _COMPARED.search(message)
    return f"expected {values[1]}, got {values[2]}" if values else message
