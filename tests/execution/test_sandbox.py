"""What hostile tests do, and that they are survived and reported, in every sandbox."""

from __future__ import annotations

import json
import os
import socket
import subprocess

import psutil
import pytest

from kdlib.execution import sandbox as module
from kdlib.execution.jobs import ExecutionLimits
from kdlib.execution.sandbox import ENVIRONMENT, SCRATCH, confined, find_sandbox
from kdlib.files import DataError
from tests.execution.conftest import job4, results

PROCESSES = """String java = ProcessHandle.current().info().command().get();
List<Process> all = new ArrayList<>();
// Its launcher waits for arguments from a pipe that nobody writes to.
for (int i = 0; i < 400; i++) all.add(new ProcessBuilder(java, "@/proc/self/fd/0").start());"""
# Each child keeps to the limit for one process, three of them together do not.
HOLDERS = r"""try (FileWriter w = new FileWriter("Hold.java")) {
    w.write("class Hold { public static void main(String[] a) throws Exception { Thread.sleep(60000); } }");
}
for (int i = 0; i < 3; i++) {
    List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
    command.addAll(List.of("-Xms550m", "-Xmx550m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC"));
    command.addAll(List.of("-XX:CompressedClassSpaceSize=32m", "-XX:ReservedCodeCacheSize=32m", "Hold.java"));
    new ProcessBuilder(command).inheritIO().start();
}
Thread.sleep(60000);"""
RAW = "FileOutputStream raw = new FileOutputStream(FileDescriptor.out);"
ANSWER = {"status": "passed", "message": "", "asserted": False, "cpuSeconds": 0.1, "spent": ""}
FORGED = json.dumps(f"\n{json.dumps(ANSWER)}\n")
HOSTILE = {
    "Exit": ("System.exit(0);", "crashed", "ended with status 0"),
    "Halt": ("Runtime.getRuntime().halt(3);", "crashed", "ended with status 3"),
    "Loop": ("while (true) { }", "timed_out", "not ended within 8"),
    "Swallow": (
        "while (true) { try { Thread.sleep(1000); } catch (Throwable t) { } }",
        "timed_out",
        "not ended within 8",
    ),
    "Processes": (PROCESSES, "failed", ("error=11", "unable to create native thread")),
    "Together": (HOLDERS, "crashed", " MB together, 1536 are allowed"),
    "Threads": (
        "while (true) new Thread(() -> { while (true) try { Thread.sleep(9999); } catch (Exception e) { } })"
        ".start();",
        "failed",
        "OutOfMemoryError: unable to create native thread",
    ),
    "Recursion": ("t();", "failed", "java.lang.StackOverflowError"),
    "Memory": (
        "List<long[]> all = new ArrayList<>(); for (int i = 0; i < 1280; i++) all.add(new long[1 << 20]);",
        "failed",
        "java.lang.OutOfMemoryError: Java heap space",
    ),
    "Direct": (
        "List<Object> all = new ArrayList<>();"
        "for (int i = 0; i < 10; i++) all.add(java.nio.ByteBuffer.allocateDirect(1 << 30));",
        "failed",
        "OutOfMemoryError",
    ),
    "Printed": (
        "byte[] b = new byte[1 << 20]; for (int i = 0; i < 300; i++) System.out.write(b, 0, b.length);",
        "passed",
        "",
    ),
    "Raw": (
        f"{RAW} byte[] b = new byte[1 << 20]; for (int i = 0; i < 300; i++) raw.write(b);",
        "passed",
        "",
    ),
    "Filled": (
        'for (int i = 0; ; i++) try (OutputStream o = new FileOutputStream("f" + i))'
        " { o.write(new byte[1 << 20]); }",
        "failed",
        "No space left on device",
    ),
    "Forged": (f"{RAW} System.out.print({FORGED}); raw.write({FORGED}.getBytes()); fail();", "failed", ""),
    "Daemon": (
        "Thread d = new Thread(() -> { while (true) { } }); d.setDaemon(true); d.start();",
        "passed",
        "",
    ),
    "Deleted": (
        'for (String p : new String[] {"/usr/lib", "/etc", "/proc/self", "/dev/null", "/scratch"})'
        ' assertFalse(p, new File(p).delete()); new File("own").createNewFile();'
        ' assertTrue(new File("own").delete());',
        "passed",
        "",
    ),
}


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A file that tests may not see, beside one that they may read."""
    file = tmp_path_factory.mktemp("outside") / "precious"
    file.write_text("precious")
    return file


@pytest.fixture(scope="module")
def server():
    """A server on this machine's own network."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def found(sandbox, cache, junit4, library, outside, server):
    """Results of all hostile jobs, which share two workers."""
    counter = library / "p" / "Counter.class"
    jobs = [job4(name, body, junit4) for name, (body, _, _) in HOSTILE.items()]
    jobs += [
        job4("Outside", f'assertFalse(new File("{outside}").exists());', junit4),
        job4("Library", f'assertFalse(new File("{counter}").delete());', junit4),
        job4("Changed", f'new FileOutputStream("{counter}").write(1);', junit4),
        job4("Network", f'new java.net.Socket("127.0.0.1", {server});', junit4),
        job4("Name", 'java.net.InetAddress.getByName("example.org");', junit4),
        job4("After", "assertEquals(1, Counter.next());", junit4),
    ]
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    found = results(jobs, cache, sandbox)
    left = {child.pid for child in psutil.Process().children(recursive=True)} - before
    assert left == set(), "processes outlived the pool"
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_test_is_survived_and_reported(found, name):
    _, status, message = HOSTILE[name]
    assert (found[name].status, found[name].message) == (status, found[name].message)
    messages = (message,) if isinstance(message, str) else message
    assert any(part in found[name].message for part in messages), found[name].message


def test_other_files_are_not_seen_and_what_is_seen_is_read_only(found, library, outside):
    assert [found[name].status for name in ("Outside", "Library")] == ["passed", "passed"]
    assert found["Changed"].status == "failed"
    assert "FileNotFoundException" in found["Changed"].message
    assert outside.read_text() == "precious"
    assert (library / "p" / "Counter.class").read_bytes().startswith(b"\xca\xfe\xba\xbe")


def test_there_is_no_network(found):
    assert found["Network"].status == "failed"
    assert "java.net." in found["Network"].message
    assert found["Name"].status == "failed"
    assert "UnknownHostException" in found["Name"].message


def test_a_harmless_test_among_them_passes(found):
    assert found["After"].status == "passed"


def shell(sandbox, script):
    """Run a script in a sandbox that shows a shell and little else."""
    tools = [module.Path(os.path.realpath(f"/bin/{name}")) for name in ("sh", "cat", "ls")]
    command = confined(sandbox, ExecutionLimits(), tools, [str(tools[0]), "-c", script])
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_whoever_is_inside_has_no_privilege_and_sees_nobody(sandbox):
    done = shell(sandbox, "cat /proc/self/status; echo; ls -d /proc/[0-9]*")
    status = dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    if os.geteuid() == 0:
        assert "0" not in status["Uid"].split()
    processes = [line for line in done.stdout.splitlines() if line.startswith("/proc/")]
    assert 0 < len(processes) <= 4


def test_nothing_that_a_test_writes_is_loaded_as_native_code():
    """Only in namespaces: bubblewrap has no such option."""
    if (reason := module.why_not("namespaces")) is not None:
        pytest.skip(f"namespaces: {reason}")
    mounts = [line.split() for line in shell("namespaces", "cat /proc/mounts").stdout.splitlines()]
    (options,) = [mount[3].split(",") for mount in mounts if mount[1] == str(SCRATCH)]
    assert {"noexec", "nosuid", "nodev"} <= set(options)


def test_only_the_scratch_folder_can_be_written(sandbox):
    done = shell(
        sandbox, f"for f in / /dev /etc /usr/lib /proc {SCRATCH} .; do echo a > $f/new && echo $f; done"
    )
    assert done.stdout.split() == [str(SCRATCH), "."]


def test_the_strongest_that_works_is_taken_and_else_it_is_refused(monkeypatch):
    reasons = {"bubblewrap": None, "namespaces": None}
    monkeypatch.setattr(module, "why_not", reasons.get)
    assert find_sandbox() == "bubblewrap"
    reasons["bubblewrap"] = "bwrap not installed"
    assert find_sandbox(unsafe=True) == "namespaces"
    reasons["namespaces"] = "unshare: Operation not permitted"
    with pytest.raises(
        DataError,
        match=r"no sandbox.*bwrap not installed.*not permitted.*install bubblewrap.*execution.unsafe",
    ):
        find_sandbox()
    assert find_sandbox(unsafe=True) == "unsafe"


def test_the_reason_why_a_sandbox_does_not_work_is_told(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert module.why_not("bubblewrap") == "bwrap: No permissions to create new namespace"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert module.why_not("namespaces") == "unshare, prlimit, setpriv not installed"
