"""Generated files agree with what they are generated from."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import config_docs  # noqa: E402
import pins  # noqa: E402


def test_configuration_page_and_schema_are_current():
    assert (ROOT / "config/README.md").read_text() == config_docs.readme(), "run: make docs"
    assert (ROOT / "config/schema.json").read_text() == config_docs.schema(), "run: make docs"


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
