"""Commands that are built when they are asked for: a list of them takes their names and help alone.

Typer reads the signatures of all commands before it does anything, and those whose options are keys of the
configuration need pydantic as well, which takes longer to import than all else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand
from typer.main import get_command

Function = TypeVar("Function", bound=Callable[..., None])


def command(
    app: typer.Typer, name: str, read: Callable[[Callable[..., None]], Callable[..., None]] = lambda own: own
) -> Callable[[Function], Function]:
    """Return a decorator that adds a function as a command.

    Args:
        app: Where to add it.
        name: Of the command.
        read: Gives, when the command is asked for, what is to be called in place of the function.
    """

    def added(function: Function) -> Function:
        def alone() -> typer.Typer:
            whole = typer.Typer(add_completion=False, rich_markup_mode=None)
            whole.command(name)(read(function))
            return whole

        _add(app, name, inspect.getdoc(function), alone)
        return function

    return added


def group(app: typer.Typer, name: str, commands: typer.Typer) -> None:
    """Add an app, made with ``add_completion=False``, as a group of commands."""
    _add(app, name, commands.info.help, lambda: commands)


def _add(app: typer.Typer, name: str, help_text: str | None, whole: Callable[[], typer.Typer]) -> None:
    class Listed(TyperCommand):
        """Stands in the list, and gives its place to the whole command where it is used."""

        def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (click's)
            return get_command(whole()).make_context(*args, **kwargs)

    app.command(name, cls=Listed, help=help_text)(lambda: None)
