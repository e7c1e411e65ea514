"""Commands that are built when they are asked for: a list of them takes their names and help alone.

Typer reads the signatures of all commands before it does anything, and those whose options are keys of the
configuration need pydantic as well, which takes longer to import than all else.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand
from typer.main import get_command

Function = TypeVar("Function", bound=Callable[..., None])


def command(
    app: typer.Typer,
    name: str,
    read: Callable[[Callable[..., None]], Callable[..., None]] = lambda function: function,
    renamed: Mapping[str, str] | None = None,
) -> Callable[[Function], Function]:
    """Return a decorator that adds a function as a command.

    Args:
        app: The app to add it to.
        name: Name of the command.
        read: Called when the command is asked for; returns the function to call in place of the decorated.
        renamed: Old spelling of an option: the spelling that replaces it. Help shows the new one alone.
    """

    def added(function: Function) -> Function:
        def alone() -> typer.Typer:
            whole = typer.Typer(add_completion=False, rich_markup_mode=None)
            whole.command(name)(read(function))
            return whole

        _add(app, name, inspect.getdoc(function), alone, renamed or {})
        return function

    return added


def group(app: typer.Typer, name: str, commands: typer.Typer) -> None:
    """Add an app, made with ``add_completion=False``, as a group of commands."""
    _add(app, name, commands.info.help, lambda: commands, {})


def _add(
    app: typer.Typer,
    name: str,
    help_text: str | None,
    whole: Callable[[], typer.Typer],
    renamed: Mapping[str, str],
) -> None:
    class Listed(TyperCommand):
        """Stands in the list, and gives its place to the whole command where it is used."""

        def make_context(
            self,
            info_name: str | None,
            args: list[str],
            parent: Any = None,  # noqa: ANN401  (click's)
            **extra: Any,  # noqa: ANN401
        ) -> Any:  # noqa: ANN401
            """Read arguments as the whole command does (signature of click)."""
            current = list(_current(args, renamed))
            return get_command(whole()).make_context(info_name, current, parent, **extra)

    app.command(name, cls=Listed, help=help_text)(lambda: None)


def _current(arguments: Sequence[str], renamed: Mapping[str, str]) -> Iterator[str]:
    """Yield arguments with the options that have new spellings by these, and say so."""
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if option in renamed:
            print(f"note: {option} is called {renamed[option]} now", file=sys.stderr)
            yield f"{renamed[option]}{equals}{value}"
        else:
            yield argument
