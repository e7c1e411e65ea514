"""The pages of the documentation name only what is there."""

import ast
import re
from pathlib import Path
from string import Template
from typing import get_args

import pytest

from kdlib.losses.base import Need

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
MADE_BY_A_READER = {"kdlib/losses/poly.py", "tests/losses/test_poly.py", "kdlib.losses.poly"}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def links(page):
    """Return the targets of a page's links and pictures, without those to other sites."""
    text = page.read_text()
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    return [target for target in found if not target.startswith(("http://", "https://", "mailto:"))]


def anchors(page):
    """Return the anchors that a page's headings have."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def names_in(file):
    """Return the names that a Python file defines or imports at its top level."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file(page):
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_of_code_that_a_page_names_exists(page):
    named = re.findall(r"\b(?:kdlib|tests|tools|benchmarks|workflow)/[\w/-]+\.\w+", page.read_text())
    assert [name for name in named if name not in MADE_BY_A_READER and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_import_of_an_example_exists(page):
    for module, names in re.findall(r"^ *from (kdlib[\w.]*) import (.+)$", page.read_text(), re.MULTILINE):
        if module in MADE_BY_A_READER:
            continue
        path = ROOT / Path(*module.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        assert file.exists(), module
        assert {name.strip() for name in names.split(",")} <= set(names_in(file)), module


def test_the_page_on_losses_names_all_that_a_loss_can_need():
    page = (ROOT / "docs/how-to/add-a-loss.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(get_args(Need))


def test_every_page_that_the_code_names_exists():
    code = [
        path for folder in ("kdlib", "tests", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py")
    ]
    named = {name for path in code for name in re.findall(r"\bdocs/[\w/-]+\.md", path.read_text())}
    assert len(named) >= 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_decisions_are_numbered_and_have_a_status_and_a_date():
    assert [int(path.name[:3]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    index = (ROOT / "docs/decisions/README.md").read_text()
    for path in DECISIONS:
        heading, _, status = path.read_text().split("\n")[:3]
        assert heading.startswith(f"# {path.name[:3]}: ")
        assert re.fullmatch(
            r"Status: (accepted|superseded by .+|accepted; supersedes .+)\. Date: \d{4}-\d\d-\d\d\.", status
        )
        assert f"]({path.name})" in index


def test_the_page_of_floors_has_a_row_for_every_part_of_kdlib():
    floors = re.findall(r"^\| \d+ \| `(\w+)` \|", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    parts = {
        path.stem
        for path in (ROOT / "kdlib").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert len(floors) == len(set(floors))
    assert parts - {"__init__"} <= set(floors)


def test_the_page_of_contracts_is_printed_from_its_template():
    template = Template((ROOT / "tools/contracts.md").read_text())
    page = template.substitute(run="default", tested="\0", trained="\0", tracked="\0")
    pattern = "(?s:.+)".join(map(re.escape, page.split("\0")))
    assert re.fullmatch(pattern, (ROOT / "docs/contracts.md").read_text()), "run tools/contracts.py again"
