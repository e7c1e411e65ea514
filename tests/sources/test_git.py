"""Commits of real repositories, made here with git."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import tarfile
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kdlib.files import DataError
from kdlib.sources.git import pack
from kdlib.sources.java_files import JavaFile, java_files
from tests.corpus.conftest import files_under

LONG = "/".join(["a-rather-long-folder"] * 8) + "/Long.java"
FILES = {
    "src/main/A.java": b"class A {} // $Format:%H$\r\n",
    "src/main/Empty.java": b"",
    "src/main/Big.java": bytes(range(256)) * 1000,
    "README": b"read me",
    LONG: b"class Long {}",
    os.fsdecode(b"latin-\xe9.txt"): b"",
    "sp ace\tand\nline.txt": b"odd",
}


def git(folder, *arguments, **options):
    fixed = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in WHO.items()}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=fixed | alone, check=True, capture_output=True, **options
    )
    return done.stdout.decode().strip()


WHO = {"NAME": "A", "EMAIL": "a@example.org", "DATE": "2001-02-03T04:05:06Z"}


def made(folder, *options):
    """Make a repository of FILES with a link, a submodule and an executable; returns its commit."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main", *options)
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "run.sh").write_bytes(b"#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "src/Link.java").symlink_to("main/A.java")
    (folder / ".gitattributes").write_text("README export-ignore\n*.java export-subst\n")
    git(folder, "add", ".")
    return committed(folder)


def committed(folder):
    git(folder, "commit", "--quiet", "--message=one")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    return tmp_path / "project"


@pytest.fixture
def revision(repository):
    return made(repository)


def packed(url, revision, folder):
    folder.mkdir(exist_ok=True)
    pack(str(url), revision, folder / "repository", folder / "a.tar")
    assert files_under(folder) == {"a.tar"}
    return folder / "a.tar"


def test_the_plain_files_and_nothing_else(repository, revision, tmp_path):
    with tarfile.open(packed(repository, revision, tmp_path / "out")) as tar:
        found = {entry.name: tar.extractfile(entry).read() for entry in tar}
        assert list(found) == sorted(found, key=os.fsencode)
        for entry in tar.getmembers():
            assert entry.isreg()
            assert (entry.mode, entry.uid, entry.gid, entry.mtime) == (0o644, 0, 0, 0)
    expected = {f"{revision}/{path}": content for path, content in FILES.items()}
    others = {f"{revision}/run.sh", f"{revision}/.gitattributes"}
    assert expected.items() <= found.items()
    assert found.keys() == expected.keys() | others


def test_it_reads_as_the_folder_does(repository, revision, tmp_path):
    archive = packed(repository, revision, tmp_path / "out")
    assert list(java_files(archive)) == list(java_files(repository))
    assert JavaFile("src/main/A.java", FILES["src/main/A.java"]) in list(java_files(archive))


def test_a_name_of_several_lines_is_met_by_who_reads_it(repository, revision, tmp_path):
    (repository / "Icon\r").write_bytes(b"")
    git(repository, "add", ".")
    assert list(java_files(packed(repository, committed(repository), tmp_path / "first")))
    (repository / "A\n-d\nB.java").write_bytes(b"")
    git(repository, "add", ".")
    archive = packed(repository, committed(repository), tmp_path / "second")
    with pytest.raises(DataError, match=r"B\.java' has control characters in its name"):
        list(java_files(archive))


def test_the_bytes_follow_from_the_commit_alone(repository, revision, tmp_path):
    # GNU tar makes the same of these files, but for the mode in the headers of long names.
    assert revision == "7e38855cbdc46195db829dab487a9f3a6a49a881"
    first = packed(repository, revision, tmp_path / "out").read_bytes()
    assert (
        hashlib.sha256(first).hexdigest()
        == "4f64e2a569729f0f0041c28c2f76a39b124dacb18678ebc10283fa726327d65d"
    )
    (repository / "src/main/A.java").write_text("changed, not committed")
    git(repository, "gc", "--quiet", "--aggressive", "--prune=now")
    git(tmp_path, "clone", "--quiet", "--bare", "--no-local", str(repository), "clone")
    assert packed(tmp_path / "clone", revision, tmp_path / "again").read_bytes() == first


def test_submodules_are_left_out(repository, revision, tmp_path):
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{revision},sub")
    later = committed(repository)
    with tarfile.open(packed(repository, later, tmp_path / "out")) as tar:
        names = {name.removeprefix(f"{later}/") for name in tar.getnames()}
    assert names == {*FILES, "run.sh", ".gitattributes"}


def test_exactly_the_revision(repository, revision, tmp_path):
    (repository / "src/main/A.java").write_bytes(b"class A { int later; }")
    git(repository, "commit", "--quiet", "--all", "--message=two")
    old = {file.path: file.content for file in java_files(packed(repository, revision, tmp_path / "out"))}
    assert old["src/main/A.java"] == FILES["src/main/A.java"]


def test_a_commit_that_no_branch_holds(repository, revision, tmp_path):
    git(repository, "commit", "--quiet", "--amend", "--message=another")
    assert git(repository, "rev-parse", "HEAD") != revision
    packed(repository, revision, tmp_path / "out")


def test_a_relative_path(repository, revision, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    packed("project", revision, tmp_path / "out")
    packed("./project/../project", revision, tmp_path / "out")


def test_longer_ids(tmp_path):
    revision = made(tmp_path / "new", "--object-format=sha256")
    assert len(revision) == 64
    assert list(java_files(packed(tmp_path / "new", revision, tmp_path / "out"))) == list(
        java_files(tmp_path / "new")
    )


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Locked(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def http(tmp_path, monkeypatch):
    """Serve ``tmp_path`` as plain files, or with a handler of one's own."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def start(handler=None):
        files = partial(Quiet, directory=str(tmp_path))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler or files)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_that_hands_out_branches_only(repository, revision, tmp_path, http, capsys):
    # One that serves plain files knows no single commits.
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare")
    git(tmp_path / "bare", "update-server-info")
    archive = packed(f"{http()}/bare", revision, tmp_path / "out")
    assert "fetching all branches and tags instead" in capsys.readouterr().out
    assert archive.read_bytes() == packed(repository, revision, tmp_path / "again").read_bytes()
    with pytest.raises(DataError, match=f"no branch or tag holds a commit {'0' * 40}"):
        packed(f"{http()}/bare", "0" * 40, tmp_path / "none")


def test_nobody_is_asked_for_a_password(tmp_path, http, monkeypatch):
    asked = tmp_path / "asked"
    asks = tmp_path / "ask.sh"
    asks.write_text(f"#!/bin/sh\ntouch {asked}\n")
    asks.chmod(0o755)
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(asks))
    with pytest.raises(DataError, match="prompts disabled"):
        packed(f"{http(Locked)}/a", "0" * 40, tmp_path / "out")
    assert not asked.exists()


def test_no_repository_and_no_commit(repository, revision, tmp_path):
    with pytest.raises(DataError, match=r"nowhere: git cannot fetch it: .*does not appear to be a git"):
        packed(tmp_path / "nowhere", revision, tmp_path / "out")
    with pytest.raises(DataError, match=f"project: no branch or tag holds a commit {'1' * 40}"):
        packed(repository, "1" * 40, tmp_path / "out")
    blob = git(repository, "rev-parse", "HEAD:README")
    with pytest.raises(DataError, match="no branch or tag holds a commit"):
        packed(repository, blob, tmp_path / "out")
    assert files_under(tmp_path / "out") == set()


def test_addresses_that_would_run_something(tmp_path):
    touched = tmp_path / "touched"
    for url in (f"ext::touch {touched}", f"--upload-pack=touch {touched}", f"-u touch {touched}"):
        with pytest.raises(DataError, match=r"not allowed|would be an option"):
            packed(url, "0" * 40, tmp_path / "out")
    assert not touched.exists()


def test_the_users_configuration_does_not_count(repository, revision, tmp_path, monkeypatch):
    template = tmp_path / "template/hooks"
    template.mkdir(parents=True)
    ran = tmp_path / "ran"
    for hook in ("reference-transaction", "post-checkout", "pre-auto-gc"):
        (template / hook).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (template / hook).chmod(stat.S_IRWXU)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f'[url "/nowhere"]\n\tinsteadOf = {repository}\n'
        f"[init]\n\ttemplateDir = {tmp_path / 'template'}\n[core]\n\thooksPath = {template}\n"
    )
    variables = {
        "HOME": home,
        "GIT_TEMPLATE_DIR": tmp_path / "template",
        "GIT_DIR": tmp_path / "elsewhere",
        "GIT_INDEX_FILE": tmp_path / "index",
        "GIT_CONFIG_COUNT": 1,
        "GIT_CONFIG_KEY_0": "url./nowhere.insteadOf",
        "GIT_CONFIG_VALUE_0": repository,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    packed(repository, revision, tmp_path / "out")
    assert not ran.exists()


def test_what_a_killed_run_left_is_cleared(repository, revision, tmp_path):
    left = tmp_path / "out/repository"
    left.mkdir(parents=True)
    (left / "shallow.lock").write_text("")
    (left / "HEAD").write_text("half")
    packed(repository, revision, tmp_path / "out")


def test_no_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="git is not on this machine; install it, or use an archive"):
        packed("https://git.example/a", "0" * 40, tmp_path / "out")
