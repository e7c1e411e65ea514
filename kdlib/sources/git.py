"""One commit of a git repository, packed into a tar whose bytes follow from the commit alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import IO

from kdlib.files import DataError

# No helper program, no hook, nothing in the background, and no waiting for a server that went silent.
_OPTIONS = {
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "120",
}
# How to reach a server is the user's business; everything else of GIT_* could change what is fetched.
_INHERITED = frozenset({"GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"})
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_ASKPASS": "",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def pack(url: str, revision: str, repository: Path, archive: Path) -> None:
    """Write the plain files of a commit as a ``.tar``, sorted, below a folder named after the commit.

    Symbolic links and submodules are left out; attributes such as ``export-ignore`` have no effect.

    Args:
        url: Address or folder that git fetches from.
        revision: Full id of the commit.
        repository: Folder to fetch to, removed at the end; what a killed run left there is removed first.
        archive: File to write.

    Raises:
        DataError: If there is no git, or it cannot get the commit.
    """
    if url.startswith("-"):
        raise DataError(f"{url}: would be an option of git; write the address or path of a repository")
    _remove(repository)
    try:
        _fetch(url, revision, repository)
        _write(url, revision, repository, archive)
    finally:
        _remove(repository)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _fetch(url: str, revision: str, repository: Path) -> None:
    """Fetch one commit, by itself if the server hands it out so, else with the history of all branches."""
    repository.parent.mkdir(parents=True, exist_ok=True)
    # SHA-256 repositories have longer ids.
    objects = "sha256" if len(revision) == 64 else "sha1"
    _git(url, repository, "init", "--quiet", "--bare", "--template=", f"--object-format={objects}")
    fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules")
    try:
        _git(url, repository, *fetch, "--depth=1", "--", url, revision)
    except DataError as error:
        print(f"{error}\nfetching all branches and tags instead", flush=True)
        _git(url, repository, *fetch, "--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    try:
        _git(url, repository, "cat-file", "-e", f"{revision}^{{commit}}")
    except DataError:
        raise DataError(f"{url}: no branch or tag holds a commit {revision}; check the revision") from None


def _write(url: str, revision: str, repository: Path, archive: Path) -> None:
    listing = _git(url, repository, "ls-tree", "-r", "-z", "--full-tree", revision)
    files = []
    for line in listing.split(b"\0")[:-1]:
        (mode, _, object_id) = line.partition(b"\t")[0].split()
        path = line.partition(b"\t")[2]
        if mode.startswith(b"100"):
            files.append((path, object_id))
    command = [*_command(repository), "cat-file", "--batch"]
    with (
        subprocess.Popen(
            command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as contents,
        # The GNU format takes any name, in bytes as they are.
        tarfile.open(
            archive, "w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
        ) as tar,
    ):
        assert contents.stdin
        assert contents.stdout
        for path, object_id in sorted(files):
            contents.stdin.write(object_id + b"\n")
            contents.stdin.flush()
            _add(tar, f"{revision}/{path.decode('utf-8', 'surrogateescape')}", contents.stdout)


def _add(tar: tarfile.TarFile, name: str, contents: IO[bytes]) -> None:
    """Add a file as ``git cat-file --batch`` prints it: a line of id, type and size, content, a line end."""
    size = contents.readline().split()[2]
    # By default mode 644, owner 0 and time 0.
    info = tarfile.TarInfo(name)
    info.size = int(size)
    tar.addfile(info, contents)
    contents.read(1)


def _git(url: str, repository: Path, *arguments: str) -> bytes:
    """Run git and return its output; a failure is a ``DataError`` with its reason."""
    try:
        done = subprocess.run(
            [*_command(repository), *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise DataError(
            f"{url}: git is not on this machine; install it, or use an archive or path source"
        ) from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines() or ["no message"]
        reason = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
        raise DataError(f"{url}: git cannot fetch it: {reason.removeprefix('fatal: ')}")
    return done.stdout


def _command(repository: Path) -> list[str]:
    options = [part for key, value in _OPTIONS.items() for part in ("-c", f"{key}={value}")]
    return ["git", *options, f"--git-dir={repository}"]


def _environment() -> dict[str, str]:
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in _INHERITED
    }
    return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **inherited, **_ENVIRONMENT}
