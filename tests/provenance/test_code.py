import importlib.metadata
import modulefinder
import re
import textwrap
from pathlib import Path

import pytest

from kdlib.provenance import code as provenance
from kdlib.provenance import code_digest, code_modules, code_parts, data_files, package_versions
from kdlib.provenance.code import foreign_imports, left_out
from kdlib.provenance.packages import CARRIERS

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))

PACKAGE = {
    "__init__.py": '"""The package."""',
    "near.py": """
        '''Imports far inside a function.'''
        from kdlib.config import Thing

        def near(n: int) -> int:
            '''Return what far returns.'''
            from kdlib.deep import far
            return far.far(n) + 1
    """,
    "deep/__init__.py": "",
    "deep/far.py": """
        LINES = "template.html"

        class Far:
            '''A class.'''

        def far(n):
            return n * 2
    """,
    "deep/template.html": "<p>",
    "deep/unnamed.html": "<p>",
    "runner.py": 'import kdlib.harness\nFOLDER = "java"',
    "harness/__init__.py": "",
    "java/Runner.java": "class Runner {}",
    "aside.py": "import kdlib.deep",
    "config/__init__.py": "from kdlib.config.sections import Thing",
    "config/sections.py": "from kdlib import aside\nclass Thing: pass",
    "config/presets.yaml": "a: 1",
}
SCRIPT_SOURCES = {
    "uses_near.py": """
        '''A rule.'''
        from pathlib import Path
        from kdlib.near import near

        def main(job):
            near(1)
    """,
    "uses_runner.py": "from kdlib import runner",
    "uses_aside.py": "def main(job):\n    import kdlib.aside as a",
}


def forget():
    """Empty the caches that assume that code does not change while a process runs."""
    code = provenance
    for cached in (code._module, code._script, code._path, code._exists, code._packaged_files):
        cached.cache_clear()


class Code:
    """A small package with scripts, in place of kdlib."""

    def __init__(self, folder):
        self.package, self.scripts = folder / "kdlib", folder / "scripts"
        for where, sources in ((self.package, PACKAGE), (self.scripts, SCRIPT_SOURCES)):
            for name, source in sources.items():
                self.write(where / name, textwrap.dedent(source))

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name, old, new):
        path = self.package / name if (self.package / name).exists() else self.scripts / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def digests(self):
        forget()
        return {name: code_digest(self.scripts / name) for name in SCRIPT_SOURCES}


@pytest.fixture
def code(tmp_path, monkeypatch):
    forget()
    code = Code(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(provenance, "PACKAGE", code.package)
        yield code
    forget()


def test_modules_are_found_through_packages_functions_and_imports_of_imports(code):
    assert code_modules(code.scripts / "uses_near.py") == [
        "kdlib",
        "kdlib.deep",
        "kdlib.deep.far",
        "kdlib.near",
    ]
    assert code_modules(code.scripts / "uses_runner.py") == ["kdlib", "kdlib.harness", "kdlib.runner"]
    assert code_modules(code.scripts / "uses_aside.py") == ["kdlib", "kdlib.aside", "kdlib.deep"]


NEAR, RUNNER, ASIDE = SCRIPT_SOURCES


@pytest.mark.parametrize(
    ("name", "old", "new", "changes"),
    [
        ("deep/far.py", "return n * 2", "return n * 2  # twice", []),
        ("deep/far.py", "return n * 2", "\n\n        return (\n            n * 2\n        )", []),
        ("deep/far.py", "A class.", "A class that is described at length.", []),
        ("deep/far.py", "def far(n):\n", "def far(n):\n    '''A new docstring.'''\n", []),
        ("near.py", "Imports far", "Never imports far", []),
        ("near.py", "Return what", "Give what", []),
        ("uses_near.py", "A rule.", "The rule.", []),
        ("__init__.py", "The package.", "The real package.", []),
        ("deep/far.py", "n * 2", "n * 3", [NEAR]),
        ("deep/far.py", "n * 2", "2 * n", [NEAR]),
        ("deep/far.py", "'''A class.'''", "x = '''A class.'''", [NEAR]),
        ("near.py", "+ 1", "+ 2", [NEAR]),
        ("near.py", "n: int", "n: float", [NEAR]),
        ("uses_near.py", "near(1)", "near(2)", [NEAR]),
        ("aside.py", "kdlib.deep", "kdlib", [ASIDE]),
        ("deep/__init__.py", "", "x = 1", [NEAR, ASIDE]),
        ("__init__.py", '"""The package."""', "version = 2", [NEAR, RUNNER, ASIDE]),
        ("config/sections.py", "class Thing: pass", "class Thing: x = 1", []),
        ("config/presets.yaml", "1", "2", []),
        ("deep/template.html", "<p>", "<b>", [NEAR]),
        ("deep/unnamed.html", "<p>", "<b>", []),
        ("java/Runner.java", "{}", "{ }", [RUNNER]),
    ],
)
def test_an_edit_changes_the_digests_of_what_runs_it_and_no_other(code, name, old, new, changes):
    before = code.digests()
    code.edit(name, old, new)
    after = code.digests()
    assert [script for script in before if before[script] != after[script]] == changes


def test_a_new_module_counts_from_when_it_is_imported(code):
    before = code.digests()
    code.write(code.package / "fresh.py", "x = 1")
    assert code.digests() == before
    code.edit("runner.py", "import kdlib.harness", "import kdlib.harness\nimport kdlib.fresh")
    imported = code.digests()
    assert {name for name in before if imported[name] != before[name]} == {RUNNER}
    code.edit("fresh.py", "x = 1", "x = 2")
    assert {name for name in before if code.digests()[name] != imported[name]} == {RUNNER}


def test_a_renamed_data_file_changes_the_digest(code):
    before = code.digests()
    (code.package / "java/Runner.java").rename(code.package / "java/Walker.java")
    assert {name for name, value in code.digests().items() if value != before[name]} == {RUNNER}


def test_a_data_file_belongs_to_the_module_that_names_it(code):
    assert data_files(["kdlib.deep.far"]) == [code.package / "deep" / "template.html"]
    assert data_files(["kdlib.runner"]) == [code.package / "java" / "Runner.java"]
    assert data_files(["kdlib.near", "kdlib.deep"]) == []


def test_equal_code_in_two_modules_is_told_apart(code):
    before = code.digests()[RUNNER]
    code.write(code.package / "other.py", (code.package / "runner.py").read_text())
    code.edit("uses_runner.py", "from kdlib import runner", "from kdlib import other as runner")
    assert code.digests()[RUNNER] != before


def test_the_parts_of_a_digest_tell_which_module_changed(code):
    before = code_parts(code.scripts / "uses_near.py")
    assert list(before) == [
        "uses_near.py",
        "kdlib",
        "kdlib.deep",
        "kdlib.deep.far",
        "kdlib.near",
        "kdlib/deep/template.html",
    ]
    code.edit("deep/far.py", "n * 2", "n * 3")
    forget()
    after = code_parts(code.scripts / "uses_near.py")
    assert {name for name in before if before[name] != after[name]} == {"kdlib.deep.far"}


def test_packages_are_found_through_functions_and_imports_of_imports(code):
    code.edit("deep/far.py", "return n * 2", "import scipy.stats\n    return n * 2")
    code.edit("near.py", "from kdlib.config", "import json, torch\nfrom kdlib.config")
    code.edit("config/sections.py", "class Thing", "import pandas\nclass Thing")
    forget()
    assert foreign_imports(code.scripts / "uses_near.py") == {"scipy", "torch"}
    assert foreign_imports(code.scripts / "uses_aside.py") == set()


def test_an_installed_version_is_told_and_a_missing_package_too(code):
    code.edit("near.py", "from kdlib.config", "import numpy, no_such_package, psutil\nfrom kdlib.config")
    forget()
    versions = package_versions(code.scripts / "uses_near.py")
    assert versions == {"no_such_package": "none", "numpy": importlib.metadata.version("numpy")}


def test_the_packages_that_count_are_those_that_compute():
    used = {script.stem: set(package_versions(script)) for script in SCRIPTS}
    assert {"torch", "transformers", "tokenizers", "accelerate", "numpy"} <= used["student"]
    assert used["teacher"] - used["student"] == {"peft"}
    assert "torch" not in used["mine"] | used["corpus"] | used["report"]
    assert {"tree_sitter", "tree_sitter_java"} <= used["mine"]
    assert "sacrebleu" in used["score"]
    assert "sacrebleu" not in used["predict"]
    assert "none" not in {v for script in SCRIPTS for v in package_versions(script).values()}


@pytest.mark.slow
def test_no_package_is_left_out_that_is_not_imported():
    everywhere = set[str]().union(*map(foreign_imports, [*SCRIPTS, *(ROOT / "kdlib").rglob("*.py")]))
    assert everywhere >= CARRIERS


def test_there_are_scripts():
    assert {"teacher", "student", "score", "mine"} <= {path.stem for path in SCRIPTS}


@pytest.fixture(scope="module")
def without_type_imports(tmp_path_factory):
    """A copy of kdlib without what records or shows jobs, and what only types or a configuration import."""
    folder = tmp_path_factory.mktemp("running")
    for path in (ROOT / "kdlib").rglob("*.py"):
        if path in (ROOT / "kdlib/jobs.py", ROOT / "kdlib/tracking/mlflow_run.py"):
            continue
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = re.sub(r"(?m)^if TYPE_CHECKING:\n(?:(?: {4}.*)?\n)+", "", path.read_text())
        if path.parent.name == "config":  # left out, and so is what only the configuration imports
            text = re.sub(r"(?m)^from kdlib\.losses.*\n", "", text)
        copy.write_text(text)
    return folder


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_modules_are_those_that_the_interpreters_own_finder_finds(script, without_type_imports):
    """``modulefinder`` reads byte code, in functions too: an oracle that knows no syntax tree."""
    finder = modulefinder.ModuleFinder(path=[str(without_type_imports)])
    finder.run_script(str(script))
    expected = {name for name in finder.modules if name.split(".")[0] == "kdlib"}
    expected = {name for name in expected if not (name + ".").startswith("kdlib.config.")}
    assert set(code_modules(script)) == expected


def test_every_packaged_file_belongs_to_a_module():
    package = ROOT / "kdlib"
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in package.rglob("*.py")]
    modules = [name.removesuffix(".__init__") for name in modules if not left_out(name)]
    files = {path for path in package.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    assert files - set(data_files(modules)) == {
        package / "config" / "presets.yaml"
    }  # acts through its values
