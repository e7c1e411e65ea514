"""A JVM that answers what is no answer; Python stands in for Java."""

from __future__ import annotations

import sys

import pytest

from kdlib.execution.jvm import Ended, Jvm
from kdlib.execution.sandbox import ENVIRONMENT


@pytest.mark.parametrize("line", ["not json", "[]", "{}", '"a"', "", '{"status": "ready"', "[" * 90_000])
def test_a_line_that_is_no_answer_ends_the_jvm_alone(line, tmp_path):
    script = (
        "import socket, sys, time; s = socket.socket(fileno=int(sys.argv[-1])); s.recv(9);"
        f"s.sendall({line!r}.encode() + b'\\n'); time.sleep(60)"
    )
    jvm = Jvm([sys.executable, "-c", script], ENVIRONMENT, tmp_path)
    answer = jvm.ask({}, 30, 100_000)
    jvm.end()
    if line == "{}":
        assert answer == {}
    else:
        assert answer == Ended(False, "its JVM gave no answer that makes sense")
