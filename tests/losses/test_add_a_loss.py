"""The how-to page, followed: its file and its row are put into a copy of the package."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/add-a-loss.md").read_text()

CHECK = """
import math
import sys

import yaml

from kdlib.config import load_config

assert "torch" not in sys.modules
student = yaml.safe_load(sys.argv[1])["students"]
corpus = {"sources": {"sample": {"kind": "sample"}}}
config = load_config({"corpus": corpus, "teachers": {"base": {}}, "students": student})
components = config.students["poly"].components
assert components.names() == ["jsd", "poly"] and components.poly.epsilon == 2.0
assert config.students["poly"].weights() == {"poly": (0.5, 0.5), "jsd": (0.5, 0.5)}

import torch

from kdlib.losses.inputs import Batch
from kdlib.losses.table import Components
from kdlib.training.loop.objective import Objective

logits = torch.randn(5, 7, dtype=torch.float64, requires_grad=True)
batch = Batch(logits, torch.tensor([3, 1, 4, 1, 5]), [2, 3])
objective = Objective(Components(poly=components.poly))
combined = objective.combined(batch, {"poly": 0.5}, {"position": 5})
combined.total.backward()
p = logits.detach().softmax(1)[torch.arange(5), batch.ids].tolist()
expected = sum(-math.log(x) + 2.0 * (1 - x) for x in p) / 5
assert math.isclose(float(combined.raw["poly"]), expected, rel_tol=1e-12)
assert math.isclose(float(combined.total.detach()), 0.5 * expected, rel_tol=1e-12)
assert logits.grad.norm() > 0
print("followed")
"""


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def package(tmp_path):
    """Return a folder with a copy of kdlib in which the page has been followed."""
    shutil.copytree(ROOT / "kdlib", tmp_path / "kdlib", ignore=shutil.ignore_patterns("__pycache__"))
    source, line, row = blocks("python")
    (tmp_path / "kdlib/losses/poly.py").write_text(source)
    table = tmp_path / "kdlib/losses/table.py"
    text = table.read_text()
    last = max(match.start() for match in re.finditer(r"^from kdlib", text, re.MULTILINE))
    text = text[:last] + line + text[last:]
    end = text.index("\n    def losses")
    table.write_text(text[:end] + row + text[end:])
    return tmp_path


def test_one_file_and_one_row_make_a_loss(package):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHECK, *blocks("yaml")],
        cwd=package,
        env={"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "followed\n", done.stderr


def test_the_page_names_files_that_exist():
    named = set(re.findall(r"`((?:kdlib|tests|config)/[\w/.-]+)`", PAGE)) - {
        "kdlib/losses/poly.py",
        "tests/losses/test_poly.py",
    }
    assert len(named) >= 4
    assert [name for name in named if not (ROOT / name).exists()] == []
