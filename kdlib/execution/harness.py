"""The harness' classes, compiled once into a cache, and the JVMs that run them."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from kdlib.execution.jobs import ExecutionLimits, Framework
from kdlib.execution.readable import open_to_others
from kdlib.execution.sandbox import SCRATCH, Sandbox, confined
from kdlib.files import DataError
from kdlib.java.compiler import HARNESS, Jdk, SourceFile, compile_files

# Compiled against each class path's own JUnit, so that any version is served.
ADAPTERS: dict[Framework, str] = {"junit4": "Junit4", "junit5": "Junit5"}

_COMMON = [
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    # The second compiler repays its own time after thousands of files, for tests never.
    "-XX:TieredStopAtLevel=1",
]
_CONFINED = [
    "-ea",  # as build tools run tests
    "-XX:ReservedCodeCacheSize=64m",
    "-XX:CompressedClassSpaceSize=128m",
    "-XX:-CreateCoredumpOnCrash",
    "-XX:ErrorFile=/dev/null",
    "-Dfile.encoding=UTF-8",
    "-Duser.name=kdlib",
    "-Djava.awt.headless=true",
]

_MODULE = "kdlib.harness"
# Private parts of the JDK that the harness alone may look into.
_OPENED = (
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.net",
    "java.base/java.security",
    "java.base/javax.net.ssl",
    "java.base/sun.security.jca",
    "java.management/java.lang.management",
)
# All but those with which a test reads the memory of its JVM, changes its code or starts its debugger.
_HARMLESS = (
    "java.compiler,java.datatransfer,java.desktop,java.logging,java.management,java.naming,java.net.http,"
    "java.prefs,java.rmi,java.scripting,java.security.jgss,java.security.sasl,java.sql,java.sql.rowset,"
    "java.transaction.xa,java.xml,java.xml.crypto,jdk.charsets,jdk.crypto.ec,jdk.localedata,jdk.net,"
    "jdk.xml.dom,jdk.zipfs"
)

Place = Literal["first", "second"]
# A test whose result depends on any of these is not stable. Both write numbers alike.
_PLACES: dict[Place, tuple[str, ...]] = {
    "first": ("-Duser.language=en", "-Duser.country=US", "-Duser.timezone=UTC"),
    "second": (
        "-Duser.language=ja",
        "-Duser.country=JP",
        "-Duser.timezone=Pacific/Chatham",
        "-XX:+UnlockExperimentalVMOptions",
        "-XX:hashCode=0",
    ),
}


def harness_digest() -> str:
    """Return the sha256 of the harness' sources."""
    sha = hashlib.sha256()
    for path in sorted(HARNESS.glob("*.java")):
        sha.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()


def build_harness(jdk: Jdk, cache: Path) -> Path:
    """Return a folder with the harness' classes, compiled unless the cache has them.

    Args:
        jdk: JDK that compiles and later runs them.
        cache: Folder that holds them by content.

    Raises:
        DataError: If this JDK cannot compile them.
    """
    name = hashlib.sha256(f"{harness_digest()} {jdk.version}".encode()).hexdigest()[:16]
    classes = (cache / f"harness-{name}").absolute()
    if classes.is_dir():
        return classes
    cache.mkdir(parents=True, exist_ok=True)
    sources = [path for path in sorted(HARNESS.glob("*.java")) if path.stem not in ADAPTERS.values()]
    with tempfile.TemporaryDirectory(prefix=".harness-", dir=cache) as temporary:
        made = Path(temporary, "classes")
        if error := compile_files(jdk, sources, [], made):
            raise DataError(f"{jdk.javac} {jdk.version} does not compile the harness: {error}")
        open_to_others(made)
        try:
            made.rename(classes)
        except OSError:
            if not classes.is_dir():  # another process was faster
                raise
    return classes


def adapter_source(framework: Framework) -> SourceFile:
    """Return the source of the class that runs a method with the JUnit of a class path."""
    name = ADAPTERS[framework]
    return SourceFile(name, (HARNESS / f"{name}.java").read_bytes())


def compiler_command(
    jdk: Jdk,
    harness: Path,
    readable: Sequence[Path],
    limits: ExecutionLimits,
    sandbox: Sandbox,
    temporary: Path,
) -> list[str]:
    """Return the command of a JVM that compiles in the sandbox; arguments are those of ``runner_command``."""
    java = [*_java(jdk, limits, sandbox, temporary, "first"), "-Xss4m", *_main(harness, "CompileJobs")]
    shown = [jdk.java.parents[1], harness, *readable]
    return confined(sandbox, limits, shown, java, temporary / "copies")


def runner_command(
    jdk: Jdk,
    harness: Path,
    readable: Sequence[Path],
    limits: ExecutionLimits,
    sandbox: Sandbox,
    temporary: Path,
    place: Place,
    apart: bool,
) -> list[str]:
    """Return the command of a JVM that runs tests in the sandbox.

    Args:
        jdk: JDK whose Java runs.
        harness: The harness' classes.
        readable: Files and folders that may be read: class path and project.
        limits: Memory, processes and output.
        sandbox: Sandbox of the tests.
        temporary: Folder for tests where nothing confines them, and for copies of what the user inside
            may not read.
        place: Locale, time zone and hashes.
        apart: Whether to leave out the modules with which a test could forge its result.
    """
    java = _java(jdk, limits, sandbox, temporary, place)
    if apart:
        java += ["-XX:+DisableAttachMechanism", f"--limit-modules={_HARMLESS},{_MODULE}"]
    java += _main(harness, "RunJobs")
    shown = [jdk.java.parents[1], harness, *readable]
    return confined(sandbox, limits, shown, java, temporary / "copies")


def _java(jdk: Jdk, limits: ExecutionLimits, sandbox: Sandbox, temporary: Path, place: Place) -> list[str]:
    folder = temporary if sandbox == "unsafe" else SCRATCH
    java = [str(jdk.java), *_COMMON, *_CONFINED, *_PLACES[place], f"-Xmx{limits.memory_mb}m"]
    java += [f"-XX:MaxDirectMemorySize={limits.memory_mb // 2}m"]
    return [*java, f"-Djava.io.tmpdir={folder}", f"-Duser.home={folder}"]


def _main(harness: Path, name: str) -> list[str]:
    opened = [f"--add-opens={package}={_MODULE}" for package in _OPENED]
    # Else only what the harness needs would be there for tests.
    return [
        *opened,
        "--add-modules=ALL-DEFAULT",
        f"--module-path={harness}",
        f"--module={_MODULE}/{_MODULE}.{name}",
    ]
