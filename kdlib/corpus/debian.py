"""Debian packages through the system's own apt, with private state: no root, no change to the system."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kdlib.files import DataError, atomic

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# apt closes a failure with these; the line before them says what happened.
_GENERIC = (
    "E: Failed to fetch some archives",
    "E: Some index files failed",
    "E: Unable to fetch some archives",
)


def download_upstream(package: str, version: str, archive: Path) -> None:
    """Download the upstream (``.orig``) tarball of an exact version of a source package.

    Args:
        package: Name of the source package.
        version: Its Debian version.
        archive: File to write; its name need not tell the compression.

    Raises:
        DataError: If apt cannot get it.
    """
    name = f"{package} {version}"
    with _private_apt(name) as (options, folder):
        _apt(["source", "--download-only", "--tar-only", f"{package}={version}"], options, folder, name)
        shutil.copyfile(_upstream(folder, name), archive)


def fetch_jars(packages: Sequence[str], folder: Path) -> list[Path]:
    """Download binary packages and unpack their jars, e.g. to compile tests against them.

    Args:
        packages: Names such as ``junit4``; dependencies are not followed.
        folder: Folder to write; links between jars are resolved to files.

    Returns:
        The jars in ``folder``, sorted.

    Raises:
        DataError: If apt cannot get a package; ``folder`` is then as it was.
    """
    names = ", ".join(packages)
    with _private_apt(names) as (options, state), atomic(folder) as partial:
        _apt(["download", *packages], options, state, names)
        for package in sorted(state.glob("*.deb")):
            _checked(["dpkg-deb", "-x", str(package), str(state / "unpacked")], state, names)
        partial.mkdir()
        for jar in sorted((state / "unpacked/usr/share/java").glob("*.jar")):
            # Links may lead to a package that was not asked for.
            if jar.exists():
                shutil.copyfile(jar, partial / jar.name)
    return sorted(folder.glob("*.jar"))


@contextmanager
def _private_apt(name: str) -> Iterator[tuple[list[str], Path]]:
    """Yield apt's options for a private, updated state and the folder that apt downloads to."""
    with tempfile.TemporaryDirectory(prefix="kdlib-apt-") as temporary:
        state, downloads = Path(temporary, "state"), Path(temporary, "downloads")
        for needed in (state / "lists/partial", state / "cache/archives/partial", downloads):
            needed.mkdir(parents=True)
        sources = state / "kdlib.sources"
        sources.write_text(_archives(downloads, name))
        settings = {
            "Dir::State": state,
            "Dir::State::status": "/var/lib/dpkg/status",
            "Dir::Cache": state / "cache",
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "APT::Sandbox::User": "",
            "Acquire::Retries": 2,
        }
        options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
        _apt(["update"], options, downloads, name)
        yield options, downloads


def _archives(folder: Path, name: str) -> str:
    """Return the system's own archives in deb822 form, with their source packages enabled."""
    fields = "$(CREATED_BY) $(SITE) $(RELEASE) $(COMPONENT)"
    lines = _checked(["apt-get", "indextargets", "--format", fields], folder, name).splitlines()
    archives = sorted({tuple(line.split()[1:]) for line in lines if line.startswith("Packages ")})
    if not archives:
        raise DataError(
            f"{name}: apt knows no archive on this system; run apt-get update as its administrator"
        )
    signed = f"Signed-By: {_KEYRING}\n" if _KEYRING.exists() else ""
    return "\n".join(
        f"Types: deb deb-src\nURIs: {site}\nSuites: {release}\nComponents: {component}\n{signed}"
        for site, release, component in archives
    )


def _apt(arguments: list[str], options: list[str], folder: Path, name: str) -> str:
    return _checked(["apt-get", "-q", *options, *arguments], folder, name)


def _checked(command: list[str], folder: Path, name: str) -> str:
    """Run a command in ``folder`` and return its output; a failure is a ``DataError`` with its reason."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DataError(
            f"{name}: {command[0]} is not on this machine; use a path source or a Debian system"
        ) from None
    if done.returncode:
        raise DataError(
            f"{name}: cannot be fetched through apt: {_reason(done.stderr + done.stdout)}; "
            "check name and version against the archives of this system, or use a path source"
        )
    return done.stdout


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [
        line for line in lines if line.startswith(("E:", "Err:", "W:")) and not line.startswith(_GENERIC)
    ]
    return (errors or lines or ["no message"])[-1]


def _upstream(folder: Path, name: str) -> Path:
    """Return the one upstream tarball; a native package has no other tarball than its own."""
    tarballs = [path for path in folder.glob("*.tar.*") if not path.name.endswith(".asc")]
    upstream = [path for path in tarballs if ".orig.tar." in path.name] or [
        path for path in tarballs if ".debian.tar." not in path.name
    ]
    if len(upstream) != 1:
        raise DataError(
            f"{name}: apt brought {sorted(path.name for path in tarballs)}, not one upstream tarball"
        )
    return upstream[0]
