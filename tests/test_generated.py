"""Generated files agree with what they are generated from."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jsonschema
import pytest

from kdlib.config import Student, Teacher, merged
from kdlib.config.presets import presets

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import config_docs  # noqa: E402
import pins  # noqa: E402


def test_configuration_page_and_schema_are_current():
    assert (ROOT / "config/README.md").read_text() == config_docs.readme(), "run: make docs"
    assert (ROOT / "config/schema.json").read_text() == config_docs.schema(), "run: make docs"


@pytest.fixture(scope="module")
def flagged():
    """Return a function that gives the places at which the schema finds a configuration wrong."""
    schema = jsonschema.Draft202012Validator(json.loads((ROOT / "config/schema.json").read_text()))
    return lambda raw: {".".join(map(str, error.absolute_path)) for error in schema.iter_errors(raw)}


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_takes_every_overlay(flagged, path):
    """But for commit ids of a hub, which an overlay may leave to the user."""
    raw = merged([path])
    for model in raw.get("models", {}).values():
        if model["kind"] == "hub":
            model["revision"] = model["revision"] or "a" * 40
    assert flagged(raw) == set()


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("teachers.base.training", "profiles"),
        ("students.one.training", "profiles"),
        ("teachers.base.size", "sizes"),
        ("students.one.size", "sizes"),
        ("students.one.schedule", "schedules"),
    ],
)
def test_the_schema_takes_a_name_where_the_reader_does_and_no_other(flagged, place, kind):
    table, entry, key = place.split(".")
    for name in presets()[kind]:
        raw = {"teachers": {"base": {}}, "students": {"one": {"teacher": "base"}}}
        raw[table][entry][key] = name
        assert {"teachers": Teacher, "students": Student}[table].model_validate(raw[table][entry])
        assert flagged(raw) == set()
    raw[table][entry][key] = "trydent"
    (found,) = flagged(raw)
    assert place.startswith(found)


def test_environment_has_the_pins_of_lock_and_makefile():
    makefile = (ROOT / "Makefile").read_text()
    assert (ROOT / "environment.yml").read_text() == pins.environment(makefile), "run: make pins"


def test_lock_pins_what_pyproject_asks_for():
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [Requirement(line) for line in [*project["dependencies"], *(r for e in extras for r in e)]]
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    locked = {name.lower().replace("_", "-"): version for name, version in locked.items()}
    for requirement in wanted:
        name = requirement.name.lower().replace("_", "-")
        if name == "torch":
            assert "torch" not in locked
            continue
        assert name in locked, f"{name} is not in requirements.lock; run: make pins"
        assert requirement.specifier.contains(locked[name]), f"{name} {locked[name]} is not {requirement}"


def test_readme_names_only_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"^make ([a-z]+)|`make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = ["".join(pair) for pair in named]
    assert {"run", "test"} <= set(named)
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
