"""A command that may read what it is given and do nothing else: bubblewrap, or namespaces through unshare."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from kdlib.execution.jobs import ExecutionLimits
from kdlib.execution.readable import readable_copy
from kdlib.execution.watch import Together
from kdlib.files import DataError
from kdlib.java.compiler import JAVA_ENVIRONMENT

Sandbox = Literal["bubblewrap", "namespaces", "unsafe"]

# The only place inside that can be written: in memory, gone with the process.
SCRATCH = Path("/scratch")
ENVIRONMENT = {
    **JAVA_ENVIRONMENT,
    "HOME": str(SCRATCH),
    # An arena for each thread would reserve 64 MB of the address space.
    "MALLOC_ARENA_MAX": "1",
}
_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
# What a JVM reserves beside its heap: code, class metadata, stacks, the archive of shared classes.
_BESIDE_HEAP_MB = 1280
_CPU_SECONDS = 900
_OPEN_FILES = 1024
# A blank, tab, line end or backslash in the table of mounts.
_ESCAPED = re.compile(r"\\([0-7]{3})")
_TOOLS = {"bubblewrap": ("bwrap", "prlimit", "setpriv"), "namespaces": ("unshare", "prlimit", "setpriv")}


def find_sandbox(unsafe: bool = False) -> Sandbox:
    """Return the strongest sandbox that works on this machine: it is tried, not guessed.

    Args:
        unsafe: Whether to go on without one.

    Raises:
        DataError: If none works and ``unsafe`` is not set.
    """
    reasons = []
    for kind in ("bubblewrap", "namespaces"):
        reason = why_not(kind)
        if reason is None:
            return kind
        reasons.append(f"{kind}: {reason}")
    if unsafe:
        return "unsafe"
    raise DataError(
        f"no sandbox for tests that nobody has read ({'; '.join(reasons)}); install bubblewrap, or set "
        "execution.unsafe where the machine itself may be lost"
    )


def why_not(kind: Literal["bubblewrap", "namespaces"]) -> str | None:
    """Return why a sandbox does not work here, or None if it does."""
    missing = [name for name in _TOOLS[kind] if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    command = confined(kind, ExecutionLimits(), [], [_tool("prlimit"), "--version"])
    try:
        done = subprocess.run(
            command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=30
        )
    except subprocess.TimeoutExpired:
        return "does not start within 30 s"
    if done.returncode == 0 and done.stdout.startswith("prlimit"):
        return None
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"ends with status {done.returncode}"


def confined(
    kind: Sandbox,
    limits: ExecutionLimits,
    readable: Sequence[Path],
    command: Sequence[str],
    copies: Path | None = None,
) -> list[str]:
    """Return a command that runs another one in a sandbox.

    Inside there are the system's libraries, what is ``readable`` and ``SCRATCH``, the working directory;
    there is no network, no other process and no privilege: root outside is an unprivileged user inside.
    All ends with the thread that starts it, however that ends; ``unsafe`` leaves what the command started.

    Args:
        kind: Sandbox; ``unsafe`` only sets the limits of the process.
        limits: Resources that the command may use.
        readable: Absolute files and folders, bound at the same place, read-only.
        command: Program with arguments.
        copies: Folder for copies of what only its owner may read, where the user inside is another.
    """
    if kind == "unsafe":
        return [_tool("setpriv"), "--pdeathsig=KILL", *_limited(limits), *command]
    shown = _shown([*readable, Path(_tool("prlimit")), Path(_tool("setpriv"))])
    if copies is not None and os.geteuid() == 0:
        shown = {place: readable_copy(source, copies) for place, source in shown.items()}
    inner = [*_limited(limits), *_unprivileged(kind), *command]
    if kind == "bubblewrap":
        return [*_bubblewrap(limits, shown), "--", *inner]
    return [*_namespaces(), "sh", "-euc", _script(limits, shown), "sh", *inner]


def together(limits: ExecutionLimits) -> Together:
    """Return what all processes in a sandbox may take together: as much as one of them."""
    return Together(limits.memory_mb + _BESIDE_HEAP_MB, _CPU_SECONDS)


def _tool(name: str) -> str:
    return str(Path(shutil.which(name) or name).resolve())


def _limited(limits: ExecutionLimits) -> list[str]:
    written = limits.output_mb << 20
    return [
        _tool("prlimit"),
        f"--as={(limits.memory_mb + _BESIDE_HEAP_MB) << 20}",
        f"--cpu={_CPU_SECONDS}",
        f"--nproc={limits.processes}",
        f"--fsize={written}",
        f"--nofile={_OPEN_FILES}",
        "--core=0",
    ]


def _unprivileged(kind: Sandbox) -> list[str]:
    command = [_tool("setpriv"), "--no-new-privs", "--inh-caps=-all", "--pdeathsig=KILL"]
    if kind == "namespaces":
        command.append("--bounding-set=-all")
    if os.geteuid() == 0:
        # The system limits no processes of root, and counts others' by user: each sandbox has its own.
        user = 1_000_000_000 + secrets.randbelow(1_000_000_000)
        command += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return command


def _system() -> list[Path]:
    """Return what every sandbox shows: the system's libraries and the JDK's settings."""
    return [
        *(Path(name) for name in _LIBRARIES if os.path.exists(name)),
        *sorted(Path("/etc").glob("java-*")),
    ]


def _shown(readable: Sequence[Path]) -> dict[Path, Path]:
    """Return place inside: what is bound there, of all of ``readable`` that the system does not hold."""
    system = _system()
    shown: dict[Path, Path] = {}
    for path in readable:
        if not any(path.is_relative_to(above) for above in (*system, *shown)):
            shown[path] = path
    return shown


def _bubblewrap(limits: ExecutionLimits, shown: Mapping[Path, Path]) -> list[str]:
    parts = [_tool("bwrap"), "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net"]
    parts += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    parts += (
        ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if os.geteuid() == 0 else ["--unshare-user"]
    )
    # First, since something to show may lie below.
    parts += ["--proc", "/proc", "--dev", "/dev"]
    bound = dict(shown)
    for path in _system():
        if path.is_symlink():
            parts += ["--symlink", os.readlink(path), str(path)]
        else:
            bound[path] = path
    for place, source in sorted(bound.items()):
        # Folders that a bind makes by itself are for root alone.
        parts += ["--dir", str(place.parent), "--ro-bind", str(source), str(place)]
    size = str(limits.output_mb << 20)
    parts += ["--perms", "1777", "--size", size, "--tmpfs", str(SCRATCH), "--chdir", str(SCRATCH)]
    return [*parts, "--remount-ro", "/dev", "--remount-ro", "/"]


def _namespaces() -> list[str]:
    # unshare ends its child with itself, but not itself with whoever started it.
    parts = [
        _tool("setpriv"),
        "--pdeathsig=KILL",
        _tool("unshare"),
        "--mount",
        "--net",
        "--pid",
        "--ipc",
        "--uts",
        "--fork",
        "--kill-child",
    ]
    return parts if os.geteuid() == 0 else [*parts, "--user", "--map-root-user"]


def _script(limits: ExecutionLimits, shown: Mapping[Path, Path]) -> str:
    """Return the shell commands that build a root of its own in memory, enter it and forget the old one."""
    # Nothing to show lies below /sys, and only the processes of this namespace lose it. The user inside must
    # enter the folders that are made here, whatever the umask is outside.
    lines = ["umask 022", "root=/sys", "mount --make-rprivate /"]
    lines.append("mount -t tmpfs -o mode=755,size=1m tmpfs $root")
    bound = dict(shown) | {Path(device): Path(device) for device in _DEVICES}
    for path in _system():
        if path.is_symlink():
            lines.append(f"mkdir -p $root{shlex.quote(str(path.parent))}")
            lines.append(f"ln -s {shlex.quote(os.readlink(path))} $root{shlex.quote(str(path))}")
        else:
            bound[path] = path
    for place, source in sorted(bound.items()):
        target = f"$root{shlex.quote(str(place))}"
        lines.append(f"mkdir -p $root{shlex.quote(str(place.parent))}")
        lines.append(f"mkdir -p {target}" if source.is_dir() else f": > {target}")
        lines.append(f"mount --rbind {shlex.quote(str(source.resolve()))} {target}")
        if str(place) not in _DEVICES:
            lines.append(f"mount -o {_read_only(source.resolve())} {target}")
    size = limits.output_mb << 20
    return "\n".join(
        [
            *lines,
            f"mkdir $root/proc $root/old $root{SCRATCH}",
            "mount -t proc proc $root/proc",
            # No native code that a test wrote.
            f"mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size={size} tmpfs $root{SCRATCH}",
            "mount -o remount,bind,ro $root",
            "cd $root",
            f"{_tool('pivot_root')} . old",
            f"/old{_tool('umount')} -l /old",
            f"cd {SCRATCH}",
            'exec "$@"',
        ]
    )


def _read_only(path: Path) -> str:
    """Return the options that make a bound path read-only; flags of its mount may not be dropped."""
    kept: list[str] = []
    longest = -1
    for line in os.fsdecode(Path("/proc/self/mountinfo").read_bytes()).split("\n")[:-1]:
        _, _, _, _, escaped, options = line.split(" ")[:6]
        point = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), escaped)
        if path.is_relative_to(point) and len(point) >= longest:
            longest = len(point)
            kept = [option for option in options.split(",") if option in ("nosuid", "nodev", "noexec")]
    return ",".join(["remount", "bind", "ro", *kept])
