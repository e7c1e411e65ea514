"""Which way imports point, on the syntax tree, and what an import costs, in a fresh process."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kdlib.provenance.code import code_modules, left_out

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
HEAVY = ["torch", "transformers", "mlflow", "pandas", "scipy"]

OF_RECORDS = set(code_modules(ROOT / "kdlib" / "jobs.py")) - {"kdlib", "kdlib.files", "kdlib.records"}
BY_ALL = {"config", "records", "files", "provenance", "jobs", "results"}
# Module or package under kdlib: what else of kdlib it may import. The longest name that fits a module counts.
ALLOWED = {
    "config": {"losses.table"},  # losses declare their constants
    "records": set(),
    "files": {"records"},
    "provenance": {"files"},
    "jobs": {"files", "provenance"},
    "workdir": {"files"},
    "results": {"config", "files", "records"},
    "retrieval": {"java"},
    "teacher_signal": set(),
    "java": BY_ALL,
    "tasks": BY_ALL | {"java"},
    "losses": BY_ALL | {"java", "teacher_signal"},
    "metrics": BY_ALL | {"java"},
    "signals.codec": BY_ALL | {"java", "teacher_signal"},
    "telemetry": BY_ALL,
    "sources": BY_ALL,
    "corpus": BY_ALL | {"java", "sources", "tasks"},
    "dataset": BY_ALL | {"tasks", "models"},
    "models": BY_ALL | {"tasks"},
    "signals": BY_ALL | {"models", "tasks", "teacher_signal"},
    "training": BY_ALL
    | {
        "losses",
        "metrics",
        "models",
        "signals",
        "tasks",
        "teacher_signal",
        "telemetry",
        "tracking.mlflow_run",
    },
    "encoder": BY_ALL | {"tasks", "models", "metrics"},
    "execution": BY_ALL | {"java", "sources"},
    "evaluation": BY_ALL | {"models", "tasks", "metrics", "java", "execution", "retrieval"},
    "completion": BY_ALL | {"models", "training", "tasks", "metrics"},
    "assist": BY_ALL | {"tasks", "java", "execution"},
    "report": BY_ALL | {"corpus.assembly.lengths", "signals.manifest", "telemetry.step_csv"},
    "tracking": BY_ALL | {"runs.numbers", "telemetry.step_csv"},
    "runs": BY_ALL,
}
MAY_IMPORT_ALL = {"cli"}


def modules():
    return sorted((ROOT / "kdlib").rglob("*.py"))


def module_name(path):
    """Return the dotted name of a file of kdlib, without ``kdlib`` itself."""
    return (
        ".".join(path.relative_to(ROOT / "kdlib").with_suffix("").parts).removesuffix("__init__").rstrip(".")
    )


def within(name, folders):
    return any(name == folder or name.startswith(folder + ".") for folder in folders)


def imported(path):
    """Yield the absolute name of everything that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports escape code digests"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_rules_know_every_part():
    parts = {module_name(path).split(".")[0] for path in modules()} - {""}
    assert {"config", "losses", "training"} <= parts
    assert parts <= ALLOWED.keys() | MAY_IMPORT_ALL


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_imports_point_one_way(path):
    name = module_name(path)
    if within(name, MAY_IMPORT_ALL):
        return
    rule = max((part for part in ALLOWED if within(name, [part])), key=len, default="")
    own = {rule}
    inner = [full.removeprefix("kdlib.") for full in imported(path) if full.startswith("kdlib.")]
    wrong = [target for target in inner if not within(target, own | ALLOWED.get(rule, set()))]
    assert wrong == []


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_no_module_knows_snakemake_or_imports_by_a_computed_name(path):
    assert "snakemake" not in {name.split(".")[0] for name in imported(path)}
    source = path.read_text()
    assert "import_module" not in source
    assert "__import__" not in source


@pytest.mark.parametrize("path", [*modules(), *SCRIPTS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_import_of_kdlib_exists(path):
    for name in imported(path):
        if name.startswith("kdlib."):
            parts = name.split(".")
            found = [ROOT.joinpath(*parts[:n]) for n in (len(parts), len(parts) - 1)]
            assert any(f.with_suffix(".py").is_file() or (f / "__init__.py").is_file() for f in found), name


PROBE = """
import json, runpy, sys

report = {}
for script in sys.argv[1:]:
    before = set(sys.modules)
    runpy.run_path(script, run_name="imported")
    report[script] = sorted(set(sys.modules) - before)
    for name in [name for name in sys.modules if name.split(".")[0] == "kdlib"]:
        del sys.modules[name]
print(json.dumps(report))
"""


def loaded_by(files):
    """Return the modules that are loaded after each file was imported, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, files)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def loaded():
    return loaded_by([*SCRIPTS, ROOT / "kdlib" / "cli" / "__init__.py"])


def test_the_probe_sees_a_heavy_import(tmp_path):
    (tmp_path / "heavy.py").write_text("import kdlib.records\nimport scipy\n")
    (names,) = loaded_by([tmp_path / "heavy.py"]).values()
    assert {"scipy", "kdlib.records"} <= set(names)


def test_importing_a_script_or_the_command_line_loads_nothing_heavy(loaded):
    assert len(loaded) == len(SCRIPTS) + 1
    heavy = {script: [name for name in HEAVY if name in names] for script, names in loaded.items()}
    assert {script: names for script, names in heavy.items() if names} == {}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_code_digests_cover_what_a_script_really_loads(script, loaded):
    names = {name for name in loaded[str(script)] if name.split(".")[0] == "kdlib"}
    assert "kdlib.jobs" in names
    # What logs and records a job is no part of what the job computes.
    names = {name for name in names if not left_out(name)} - OF_RECORDS
    # A configuration knows the constants of all losses; what they compute is run in training only.
    if "kdlib.losses.table" not in code_modules(script):
        names -= {"kdlib.losses.table", *code_modules(ROOT / "kdlib/losses/table.py")}
    assert names <= set(code_modules(script))
