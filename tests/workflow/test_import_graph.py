"""The invalidation matrix, generated: an edit of any module, packaged file or package, and the jobs after it.

Which rules an edit must reach comes from the import graph; which jobs follow comes from the files that the
jobs of a finished run read and wrote, as their manifests tell. Modules with the same jobs make one case.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kdlib.provenance import code_parts, package_versions
from kdlib.provenance.code import left_out
from kdlib.provenance.lineage import ancestry
from kdlib.provenance.manifest import read_manifests
from tests.workflow.project import ROOT, Project

pytestmark = pytest.mark.workflow

SCRIPTS = {path.stem: path for path in (ROOT / "workflow" / "scripts").glob("*.py")}
OF_RULE = {"predict_teacher": "predict", "predict_student": "predict"}
# A pinned archive and an address: neither is made again for an edit (see corpus.smk and tracking.smk).
WITHOUT_CODE = {"fetch", "tracking"}
# Where MLflow is told to the trainings, which need not run again when it moves.
ANCIENT = {("student", "results/test/tracking.json"), ("teacher", "results/test/tracking.json")}

Jobs = frozenset[tuple[str, int]]


@pytest.fixture(scope="module")
def manifests(finished: Project) -> list[dict[str, Any]]:
    """The manifests of all jobs behind the finished run."""
    found = read_manifests([finished.folder / "results/test", finished.folder / "cache"])
    return list(ancestry(["results/test/manifest.json"], found))


def rules_with(name: str, parts: dict[str, set[str]]) -> frozenset[str]:
    """Return the rules whose script runs something of that name."""
    return frozenset(stem for stem, names in parts.items() if name in names)


def jobs_after(scripts: frozenset[str], manifests: list[dict[str, Any]]) -> Jobs:
    """Return how many jobs of each rule run those scripts, or read what these jobs write, and so on."""
    changed = [
        own
        for own in manifests
        if OF_RULE.get(own["rule"], own["rule"]) in scripts and own["rule"] not in WITHOUT_CODE
    ]
    made = {path for own in changed for path in own["output"]}
    while True:
        more = [own for own in manifests if own not in changed and made & set(_read(own))]
        if not more:
            return frozenset(Counter(own["rule"] for own in changed).items())
        changed += more
        made |= {path for own in more for path in own["output"]}


def _read(manifest: dict[str, Any]) -> Iterator[str]:
    return (path for path in manifest["input"] if (manifest["rule"], path) not in ANCIENT)


def cases(parts: dict[str, set[str]], manifests: list[dict[str, Any]]) -> dict[Jobs, list[str]]:
    """Return the names of what scripts run, those with the same jobs together."""
    found: dict[Jobs, list[str]] = defaultdict(list)
    for name in sorted(set[str]().union(*parts.values())):
        found[jobs_after(rules_with(name, parts), manifests)].append(name)
    return found


def path_of(name: str) -> Path:
    """Return the file of a module or packaged file, relative to the project."""
    if "/" in name:
        return Path(name)
    path = Path(*name.split("."))
    return path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")


def test_every_module_reaches_exactly_the_rules_that_import_it(finished, manifests):
    parts = {stem: set(code_parts(path)) - {path.name} for stem, path in SCRIPTS.items()}
    groups = cases(parts, manifests)
    assert len(groups) > 20
    wrong = {}
    for jobs, names in groups.items():
        # One module for all with the same jobs; packaged files are read in another way, so one of them too.
        for name in {names[0], next((name for name in names if "/" in name), names[0])}:
            path = finished.folder / path_of(name)
            before = path.read_bytes()
            path.write_bytes(before + (b"\nNEW = 1\n" if path.suffix == ".py" else b"\n"))
            planned = finished.planned()
            path.write_bytes(before)
            if planned != dict(jobs):
                wrong[name] = (planned, dict(jobs))
    assert wrong == {}
    assert finished.planned() == {}


def test_what_no_rule_of_the_run_imports_reruns_nothing(finished):
    modules = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in (ROOT / "kdlib").rglob("*.py")]
    modules = [name.removesuffix(".__init__") for name in modules]
    parts = set[str]().union(*(code_parts(path) for path in SCRIPTS.values()))
    idle = [name for name in modules if name not in parts]
    assert {"kdlib.cli", "kdlib.cli.why"} <= set(idle)
    assert all(name in idle for name in modules if left_out(name))
    before = {name: (finished.folder / path_of(name)).read_bytes() for name in idle}
    for name, content in before.items():
        (finished.folder / path_of(name)).write_bytes(content + b"\nNEW = 1\n")
    try:
        assert finished.planned() == {}
    finally:
        for name, content in before.items():
            (finished.folder / path_of(name)).write_bytes(content)


def test_a_packages_version_reaches_exactly_the_rules_that_import_it(finished, manifests):
    parts = {stem: set(package_versions(path)) for stem, path in SCRIPTS.items()}
    groups = cases(parts, manifests)
    named = {name: jobs for jobs, names in groups.items() for name in names}
    chosen = {"torch", "transformers", "tokenizers", "peft"} | {names[0] for names in groups.values()}
    wrong = {}
    for name in sorted(chosen):
        planned = with_version(finished, name)
        if planned != dict(named[name]):
            wrong[name] = (planned, dict(named[name]))
    assert wrong == {}
    assert with_version(finished, "psutil") == {}, "a package that computes nothing reruns nothing"
    assert finished.planned() == {}


def with_version(project: Project, name: str) -> dict[str, int]:
    """Return what would run if a package had another version; the folder comes first on the path."""
    folder = project.folder / f"{name}-99.0.dist-info"
    folder.mkdir()
    try:
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n")
        return project.planned()
    finally:
        (folder / "METADATA").unlink(missing_ok=True)
        folder.rmdir()
