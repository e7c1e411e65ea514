"""How pages are written: Jinja templates and style sheets beside this module, with one look for all pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

LOOK = "look.css"
TABLES = "tables.html"  # that templates import; named here so that the code digest covers it


def render(template: str, parts: Mapping[str, Any]) -> str:
    """Return a page.

    Args:
        template: Name of the file beside this module.
        parts: What the template names; a missing part is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * min(max(share, 0), 1):.1f}%"
    return environment.get_template(template).render(parts)


def style_sheet(name: str) -> Markup:
    """Return the look of all pages and what a page adds to it.

    Args:
        name: Style sheet of the page, beside this module.
    """
    return packaged(LOOK) + packaged(name)


def packaged(name: str) -> Markup:
    """Return a file that lies beside this module; it is ours, so it is not escaped."""
    return Markup(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def script_json(value: Any) -> Markup:  # noqa: ANN401  (a JSON value)
    r"""Return JSON that can stand in a script element: ``<``, ``>`` and ``&`` as escapes like ``\u003c``.

    Reference: HTML standard, 4.12.1.3, "Restrictions for contents of script elements".
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
