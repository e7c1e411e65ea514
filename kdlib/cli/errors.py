"""How a command ends that cannot do what it was asked to: one sentence, and exit code 1."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer


def fail(message: str) -> NoReturn:
    """Print a message and leave with code 1."""
    print(f"error: {message}", file=sys.stderr)
    raise typer.Exit(1)


@contextmanager
def told() -> Iterator[None]:
    """Turn input that the user can mend into a message."""
    from kdlib.files import DataError

    try:
        yield
    except DataError as error:
        fail(str(error))
