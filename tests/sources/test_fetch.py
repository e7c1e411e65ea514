"""Only the pinned archive is ever at its place, whatever its source and whenever a run is killed."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
from types import SimpleNamespace

import pytest

from kdlib.config import ArchiveSource, GitSource
from kdlib.files import DataError, sha256
from kdlib.sources import download
from kdlib.sources.fetch import fetch
from kdlib.sources.java_files import java_files
from tests.corpus.conftest import files_under
from tests.sources.test_download import serving
from tests.sources.test_git import made
from workflow.scripts.fetch import main

WRONG = "0" * 64
JAVA = b"class A { /* " + bytes(range(32, 127)) * 100 + b" */ }"


@pytest.fixture(scope="module")
def content():
    """Return an archive with one Java file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("lib/A.java")
        info.size = len(JAVA)
        tar.addfile(info, io.BytesIO(JAVA))
    return buffer.getvalue()


@pytest.fixture
def server(content):
    with serving(content) as server:
        yield server


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(download.time, "sleep", [].append)


def archive_source(url, pin):
    return ArchiveSource(kind="archive", url=str(url), version="1.0", sha256=pin)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_over_http(server, content, tmp_path, capsys):
    fetch(archive_source(server.url, digest(content)), tmp_path / "cache/lib.tar")
    assert files_under(tmp_path / "cache") == {"lib.tar"}
    assert [(file.path, file.content) for file in java_files(tmp_path / "cache/lib.tar")] == [
        ("A.java", JAVA)
    ]
    assert capsys.readouterr().out == f"{server.url}: {len(content)} bytes with the right sha256\n"


def refused(source, folder, *words):
    """Fetch what must be refused with all these words, leaving nothing."""
    with pytest.raises(DataError) as error:
        fetch(source, folder / "cache/lib.tar")
    assert [word for word in words if word not in str(error.value)] == []
    assert files_under(folder / "cache") == set()


def test_another_file_over_http(server, content, tmp_path):
    refused(archive_source(server.url, WRONG), tmp_path, server.url, WRONG, digest(content), "set its sha256")


def test_a_refusal_over_http(server, content, tmp_path):
    server.answers = [("status", 404)]
    refused(archive_source(server.url, digest(content)), tmp_path, server.url, "404")


def test_half_a_file_never_counts(server, content, tmp_path):
    source, archive = archive_source(server.url, digest(content)), tmp_path / "cache/lib.tar"
    server.answers = [("cut", 10)] * 5
    with pytest.raises(DataError, match="50 bytes are kept, run again to go on"):
        fetch(source, archive)
    assert files_under(tmp_path / "cache") == {".lib.tar.download"}
    fetch(source, archive)
    assert archive.read_bytes() == content
    assert files_under(tmp_path / "cache") == {"lib.tar"}
    assert server.asked[-1] == "bytes=50-"


def test_a_killed_download_is_gone_on_with(server, content, tmp_path):
    archive, kept = tmp_path / "lib.tar", tmp_path / ".lib.tar.download"
    server.answers = [("hang", 100)]
    code = (
        "from pathlib import Path; from kdlib.config import ArchiveSource; "
        "from kdlib.sources.fetch import fetch; "
        f"fetch(ArchiveSource(kind='archive', url={server.url!r}, version='1', "
        f"sha256={digest(content)!r}), Path({str(archive)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        while process.poll() is None and not (kept.exists() and kept.stat().st_size == 100):
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
    assert not archive.exists()
    fetch(archive_source(server.url, digest(content)), archive)
    assert archive.read_bytes() == content
    assert server.asked == [None, "bytes=100-"]


@pytest.mark.parametrize("as_url", [False, True])
def test_a_file_on_this_machine(content, tmp_path, as_url):
    file = tmp_path / "from here/lib 1.tgz"
    file.parent.mkdir()
    file.write_bytes(content)
    url = file.as_uri() if as_url else file
    fetch(archive_source(url, digest(content)), tmp_path / "cache/lib.tar")
    assert (tmp_path / "cache/lib.tar").read_bytes() == file.read_bytes() == content
    (tmp_path / "cache/lib.tar").unlink()
    refused(archive_source(url, WRONG), tmp_path, str(url), digest(content), WRONG)
    file.unlink()
    refused(archive_source(url, WRONG), tmp_path, str(file), "cannot be copied (No such file")
    refused(archive_source(file.parent, WRONG), tmp_path, "cannot be copied (Is a directory)")


def test_an_older_archive_stays_when_a_new_one_is_refused(content, tmp_path):
    (tmp_path / "lib.tar").write_bytes(b"old")
    (tmp_path / "new").write_bytes(content)
    with pytest.raises(DataError):
        fetch(archive_source(tmp_path / "new", WRONG), tmp_path / "lib.tar")
    assert (tmp_path / "lib.tar").read_bytes() == b"old"


@pytest.mark.parametrize("url", ["ftp://example.org/a.tar", "ext::sh://x", "data://text,x"])
def test_other_schemes(tmp_path, url):
    refused(archive_source(url, WRONG), tmp_path, url, "http or https or from a file")


def test_a_revision(tmp_path):
    revision = made(tmp_path / "project")
    values = {"kind": "git", "url": str(tmp_path / "project"), "revision": revision}
    with pytest.raises(DataError, match=f"project at {revision}: has sha256") as error:
        fetch(GitSource(**values, sha256=WRONG), tmp_path / "cache/lib.tar")
    assert files_under(tmp_path / "cache") == set()
    found = str(error.value).partition("has sha256 ")[2][:64]
    fetch(GitSource(**values, sha256=found), tmp_path / "cache/lib.tar")
    assert files_under(tmp_path / "cache") == {"lib.tar"}
    assert sha256(tmp_path / "cache/lib.tar") == found
    assert list(java_files(tmp_path / "cache/lib.tar")) == list(java_files(tmp_path / "project"))


def test_the_rule_needs_no_licence(content, tmp_path):
    (tmp_path / "a.tgz").write_bytes(content)
    source = archive_source(tmp_path / "a.tgz", digest(content)).model_dump(exclude={"licence"})
    out = SimpleNamespace(archive=str(tmp_path / "lib.tar"))
    main(SimpleNamespace(params=SimpleNamespace(source=source), output=out))
    assert (tmp_path / "lib.tar").read_bytes() == content
