"""Debian packages through the system's own apt, with private state: no root, no change to the system."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kdlib.files import DataError, atomic

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Names of packages that hold jars, and of those among them that only build tools read.
_JAVA = re.compile(r"^(lib.+-java|junit\d?|testng|easymock)$")
_TOOLS = re.compile(r"maven|plexus|sisu|wagon|surefire|-parent-|-doc-|javacc|guice|replacer")
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
        version: Debian version of the package.
        archive: File to write; its name need not match its compression.

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
            # A link may lead to a package that was not downloaded.
            if jar.exists():
                shutil.copyfile(jar, partial / jar.name)
    return sorted(folder.glob("*.jar"))


def fetch_libraries(
    packages: Sequence[str], guessed: Sequence[str], source: str | None, folder: Path
) -> dict[str, str]:
    """Download the jars of packages and of all that these depend on, as far as the archive has them.

    Args:
        packages: Binary packages such as ``junit5``.
        guessed: More of them, that may not exist.
        source: Source package; what it makes and what it is built with are fetched as well.
        folder: Folder of jars to write.

    Returns:
        Package: why it is missing.

    Raises:
        DataError: If there is no apt, or no archive answers; ``folder`` is then as it was.
    """
    with _private_apt(source or packages[0]) as (options, state), atomic(folder) as partial:
        plausible = [name for name in guessed if not _TOOLS.search(name)]
        asked = [*packages, *plausible, *(_built_and_used(source, options, state) if source else [])]
        known = _with_dependencies(asked, options, state)
        missing = {
            name: "the archives of this system do not have it" for name in packages if name not in known
        }
        missing |= _download(known, options, state)
        partial.mkdir()
        _unpack_jars(state, partial)
    return missing


def _download(packages: Sequence[str], options: list[str], folder: Path) -> dict[str, str]:
    """Download packages; return why some are missing."""
    command = ["apt-get", "-q", *options, "download", *packages]
    # Status 100 says that one at least failed, not which.
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    missing = {}
    for package in packages:
        if not any(folder.glob(f"{package}_*.deb")):
            try:
                _apt(["download", package], options, folder, package)
            except DataError as error:
                missing[package] = str(error)
    return missing


def _built_and_used(source: str, options: list[str], folder: Path) -> list[str]:
    """Return the packages that a source package makes, and those of Java that it is built with."""
    found = _checked(["apt-cache", *options, "showsrc", source], folder, source)
    fields = re.findall(r"^(?:Binary|Build-Depends|Build-Depends-Indep): *(.*)$", found, re.MULTILINE)
    return [name for field in fields for name in _names(field)]


def _with_dependencies(packages: Sequence[str], options: list[str], folder: Path) -> list[str]:
    """Return packages of Java that the archive knows, and those that they depend on."""
    known: dict[str, None] = {}
    asked = list(dict.fromkeys(packages))
    while asked:
        shown = _shown(asked, options, folder)
        known |= dict.fromkeys(shown)
        needed = (name for field in shown.values() for name in _names(field))
        asked = [name for name in dict.fromkeys(needed) if name not in known]
    return list(known)


def _shown(packages: Sequence[str], options: list[str], folder: Path) -> dict[str, str]:
    """Return package: its dependencies, of those packages that the archive knows."""
    # Its status is 100 if one of them is unknown.
    command = ["apt-cache", *options, "show", "--no-all-versions", *packages]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = {}
    for paragraph in done.stdout.split("\n\n"):
        entry = dict(re.findall(r"^(Package|Depends): *(.*)$", paragraph, re.MULTILINE))
        if "Package" in entry:
            found[entry["Package"]] = entry.get("Depends", "")
    return found


def _names(field: str) -> Iterator[str]:
    """Yield the packages of Java that a field of package metadata names."""
    for part in re.split(r"[,|]", field):
        name = part.split("(")[0].split(":")[0].strip()
        if _JAVA.search(name) and not _TOOLS.search(name):
            yield name


def _unpack_jars(folder: Path, jars: Path) -> None:
    """Unpack the jars of all packages in a folder; one that has several names is copied once."""
    unpacked = folder / "unpacked"
    for package in sorted(folder.glob("*.deb")):
        _checked(["dpkg-deb", "-x", str(package), str(unpacked)], folder, package.name)
    # A link may lead to a package that was not downloaded.
    found = {jar.resolve() for jar in (unpacked / "usr/share").rglob("*.jar")}
    for jar in sorted(path for path in found if path.is_file() and path.is_relative_to(unpacked.resolve())):
        shutil.copyfile(jar, jars / jar.name)


@contextmanager
def _private_apt(name: str) -> Iterator[tuple[list[str], Path]]:
    """Yield apt's options for a private, updated state and the folder that apt downloads to."""
    with tempfile.TemporaryDirectory(prefix="kdlib-apt-") as temporary:
        state = Path(temporary, "state")
        downloads = Path(temporary, "downloads")
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
