import os
import re
import signal
import subprocess
import sys

import pytest

from kdlib.files import DataError
from kdlib.workdir import check_writable, hold

HOLD = """
import sys, time
from pathlib import Path
from kdlib.workdir import hold

held = hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def test_a_folder_has_one_owner_until_it_is_killed(tmp_path):
    lock = tmp_path / "deep" / "run.lock"
    owner = subprocess.Popen([sys.executable, "-c", HOLD, lock], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(DataError, match=rf"another run works in this folder \(process {owner.pid} on"):
            hold(lock)
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
    with hold(lock):
        assert re.fullmatch(rf"process {os.getpid()} on .+, since [-0-9]+ [:0-9]+\n", lock.read_text())


def test_closing_lets_go(tmp_path):
    hold(tmp_path / "run.lock").close()
    hold(tmp_path / "run.lock").close()


def test_folders_that_are_not_there_yet_are_judged_by_the_one_above(tmp_path, monkeypatch):
    check_writable([tmp_path, tmp_path / "not" / "there"])
    asked = []
    monkeypatch.setattr(os, "access", lambda path, _: asked.append(path))
    with pytest.raises(DataError, match=rf"there: {tmp_path} cannot be written to: it is read-only"):
        check_writable([tmp_path / "not" / "there"])
    assert asked == [tmp_path]
