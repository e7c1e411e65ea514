import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


def run(body, log, options=""):
    """Run a block under ``logged`` in a process of its own; return it and the log."""
    code = "import os, subprocess, sys\nfrom kdlib.files import DataError\nfrom kdlib.jobs import logged\n"
    code += (
        f"print('before', flush=True)\nwith logged({str(log)!r}{options}):\n{textwrap.indent(body, '    ')}\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done, log.read_text()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs" / "deep" / "rule.log"


def test_everything_that_is_printed_goes_to_the_log(log):
    body = "print('out')\nprint('err', file=sys.stderr)\n"
    body += "subprocess.run(['echo', 'from below'], check=True)\nos.write(2, b'raw')"
    done, text = run(body, log)
    assert (done.returncode, done.stdout, done.stderr) == (0, "before\n", "")
    assert text.splitlines() == ["out", "err", "from below", "raw"]


def test_a_users_error_is_the_last_line_and_status_one(log):
    done, text = run("print('working')\nraise DataError('rows.parquet: no rows; add sources')", log)
    assert done.returncode == 1
    assert text == "working\nerror: rows.parquet: no rows; add sources\n"


def test_our_own_error_keeps_its_traceback(log):
    done, text = run("raise KeyError('surprise')", log)
    assert done.returncode == 1
    assert text.startswith("Traceback")
    assert text.endswith("KeyError: 'surprise'\n")


def test_an_old_log_is_replaced(log):
    log.parent.mkdir(parents=True)
    log.write_text("of yesterday\n")
    assert run("print('new')", log)[1] == "new\n"


@pytest.mark.parametrize(("given", "seen"), [(None, "1"), ("0", "0")])
def test_hubs_are_not_asked_unless_the_user_says_so(log, monkeypatch, given, seen):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    if given is not None:
        monkeypatch.setenv("HF_HUB_OFFLINE", given)
    assert run("print(os.environ['HF_HUB_OFFLINE'])", log)[1] == f"{seen}\n"


ASK = "import huggingface_hub.constants as hub\nprint(hub.HF_HUB_OFFLINE)"


@pytest.mark.parametrize(
    ("options", "given", "offline"),
    [("", None, True), (", offline=False", None, False), (", offline=False", "1", True)],
)
def test_a_job_that_fetches_may_ask_hubs_unless_the_user_forbids_it(
    log, monkeypatch, options, given, offline
):
    """The hub's library reads the variable once, when it is imported."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    if given is not None:
        monkeypatch.setenv("HF_HUB_OFFLINE", given)
    assert run(ASK, log, options)[1] == f"{offline}\n"


def test_only_staging_asks_hubs():
    scripts = (Path(__file__).resolve().parents[1] / "workflow" / "scripts").glob("*.py")
    fetching = {path.stem for path in scripts if "offline=False" in path.read_text()}
    assert fetching == {"model", "stage_encoder"}
