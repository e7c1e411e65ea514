"""Which way imports point, on the syntax tree, and what an import costs, in a fresh process."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from kdlib.provenance.code import code_modules, left_out

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
HEAVY = ["torch", "transformers", "mlflow", "pandas", "scipy"]
# Modules and packages of kdlib, lowest first. Each imports lower lines only: nothing of its own line, nothing
# above it. Imports in functions and under TYPE_CHECKING count like all others.
FLOORS = [
    ["records"],
    ["files"],
    ["provenance", "workdir"],
    ["jobs", "java"],
    ["tasks", "metrics", "teacher_signal", "softmax"],
    ["losses"],
    ["config"],
    ["results", "telemetry"],
    ["sources"],
    ["corpus", "execution"],
    ["retrieval"],
    ["models"],
    ["dataset", "signals", "runs"],
    ["tracking"],
    ["training"],
    ["evaluation"],
    ["report"],
    ["cli"],
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
OF_RECORDS = set(code_modules(ROOT / "kdlib" / "jobs.py")) - {"kdlib", "kdlib.files", "kdlib.records"}


def modules() -> list[Path]:
    return sorted((ROOT / "kdlib").rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name of a file of kdlib; a package's is that of its ``__init__.py``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {module_name(path): path for path in modules()}


def folder_of(name: str) -> str:
    """Return the package that a module lies in; one right below kdlib stands for itself."""
    parent = name.rpartition(".")[0]
    return name if PATHS[name].name == "__init__.py" or parent == "kdlib" else parent


def top_of(name: str) -> str:
    """Return the module or package right below kdlib that a module belongs to."""
    return name.split(".")[1] if name != "kdlib" else ""


def imported(path: Path) -> Iterator[str]:
    """Yield the absolute name of everything that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports escape code digests"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(name: str) -> set[str]:
    """Return the modules of kdlib that a module imports."""
    inner = {full for full in imported(PATHS[name]) if full.split(".")[0] == "kdlib"}
    return {full if full in PATHS else full.rpartition(".")[0] for full in inner} - {name}


IMPORTS = {name: imports_of(name) for name in PATHS}


def circle(part_of: Callable[[str], str], imports: dict[str, set[str]]) -> list[str]:
    """Return parts that import each other in a circle, the first of them again at the end; none is best.

    Args:
        part_of: Returns the part of a module that is looked at.
        imports: Module: the modules that it imports.
    """
    graph: dict[str, set[str]] = {}
    for name, targets in imports.items():
        graph.setdefault(part_of(name), set()).update(
            {part_of(target) for target in targets} - {part_of(name)}
        )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def wrong_imports(imports: dict[str, set[str]]) -> list[str]:
    """Return the imports of a line that is not lower."""
    return [
        f"{name} imports {target}"
        for name, targets in imports.items()
        for target in sorted(targets)
        if top_of(name) != top_of(target) and FLOOR[top_of(target)] >= FLOOR[top_of(name)]
    ]


def test_the_floors_are_the_packages_that_exist():
    assert sorted(FLOOR) == sorted({top_of(name) for name in PATHS} - {""})
    assert len(FLOOR) == sum(map(len, FLOORS))
    assert IMPORTS["kdlib"] == set()


def test_imports_point_to_lower_floors():
    assert wrong_imports(IMPORTS) == []


@pytest.mark.parametrize("part_of", [str, folder_of], ids=["files", "folders"])
def test_nothing_imports_in_a_circle(part_of):
    assert circle(part_of, IMPORTS) == []


def test_an_import_that_points_up_or_sideways_is_found():
    within = {"kdlib.metrics.bleu": {"kdlib.metrics.tokens", "kdlib.records"}}
    assert wrong_imports(within) == []
    beside = {"kdlib.metrics.bleu": {"kdlib.tasks.fim"}, "kdlib.files": {"kdlib.provenance.code"}}
    assert wrong_imports(beside) == [
        "kdlib.metrics.bleu imports kdlib.tasks.fim",
        "kdlib.files imports kdlib.provenance.code",
    ]


def test_a_circle_is_found():
    files = {"kdlib.files": {"kdlib.records"}, "kdlib.records": {"kdlib.files"}}
    assert set(circle(str, files)) == set(files)
    folders = {
        "kdlib.signals.store": {"kdlib.signals.codec.codec"},
        "kdlib.signals.codec.dense": {"kdlib.signals.manifest"},
    }
    assert circle(str, folders) == []
    assert set(circle(folder_of, folders)) == {"kdlib.signals", "kdlib.signals.codec"}


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


@pytest.mark.slow
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
