from __future__ import annotations

import subprocess
from itertools import pairwise

import pytest

from kdlib.config import DebianSource
from kdlib.files import DataError, sha256
from kdlib.sources import debian
from kdlib.sources.fetch import fetch
from kdlib.sources.java_files import java_files
from tests.corpus.conftest import files_under

ARCHIVES = """Packages http://archive.example/debian stable main
Translations http://archive.example/debian stable main
"""
# The last lines of apt-get for a package that the mirror does not have.
NOT_FOUND = """Err:1 http://archive.example/debian stable/main shop 1.0 (tar)
  404  Not Found [IP: 192.0.2.1 80]
E: Failed to fetch http://archive.example/shop_1.0.orig.tar.gz  404  Not Found [IP: 192.0.2.1 80]
E: Failed to fetch some archives.
"""


def source(**others):
    return DebianSource(
        **{"kind": "debian", "package": "shop", "version": "1.0-1", "sha256": "0" * 64, **others}
    )


@pytest.fixture
def apt(monkeypatch):
    """Stand in for apt-get: answers by the subcommand, or writes files as ``source`` and ``download`` do."""

    def install(answers=None, files=None):
        commands = []

        def run(command, cwd, **options):
            commands.append(command)
            for word, (code, output) in (answers or {}).items():
                if word in command:
                    return subprocess.CompletedProcess(command, code, "", output)
            if "indextargets" in command:
                return subprocess.CompletedProcess(command, 0, ARCHIVES, "")
            if "source" in command:
                for name, content in (files or {}).items():
                    (cwd / name).write_bytes(content)
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(debian.subprocess, "run", run)
        return commands

    return install


def test_the_system_is_left_alone(apt, tmp_path):
    commands = apt(files={"shop_1.0.orig.tar.xz": b"tarball"})
    pin = sha256_of(tmp_path, b"tarball")
    fetch(source(sha256=pin), tmp_path / "cache/shop.tar")
    assert (tmp_path / "cache/shop.tar").read_bytes() == b"tarball"
    changing = [command for command in commands if "indextargets" not in command]
    assert [command[-1] for command in changing] == ["update", "shop=1.0-1"]
    for command in changing:
        settings = [word for before, word in pairwise(command) if before == "-o"]
        private = {word.partition("=")[0] for word in settings if "kdlib-apt-" in word}
        assert {"Dir::State", "Dir::Cache", "Dir::Etc::sourcelist"} <= private


def sha256_of(folder, content):
    (folder / "sum").write_bytes(content)
    return sha256(folder / "sum")


def test_only_the_upstream_tarball_counts(apt, tmp_path):
    files = {
        "shop_1.0.orig.tar.xz": b"upstream",
        "shop_1.0.orig-docs.tar.xz": b"docs",
        "shop_1.0-1.debian.tar.xz": b"packaging",
        "shop_1.0.orig.tar.xz.asc": b"signature",
    }
    apt(files=files)
    fetch(source(sha256=sha256_of(tmp_path, b"upstream")), tmp_path / "shop.tar")
    assert (tmp_path / "shop.tar").read_bytes() == b"upstream"
    apt(files={})
    with pytest.raises(DataError, match="not one upstream tarball"):
        fetch(source(), tmp_path / "other.tar")


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"source": (100, NOT_FOUND)}, "404  Not Found"),
        (
            {"source": (100, "E: Unable to find a source package for shop\n")},
            "Unable to find a source package",
        ),
        ({"update": (100, "E: Could not resolve 'archive.example'\n")}, "Could not resolve"),
        ({"update": (100, "")}, "no message"),
        ({"indextargets": (0, "")}, "apt knows no archive"),
    ],
)
def test_failures_name_package_version_and_reason(apt, tmp_path, answers, reason):
    apt(answers)
    with pytest.raises(DataError, match=r"shop 1\.0-1: ") as error:
        fetch(source(), tmp_path / "cache/shop.tar")
    assert reason in str(error.value)
    assert files_under(tmp_path) == {"cache"}


def test_an_interrupted_fetch_leaves_nothing(apt, tmp_path, monkeypatch):
    apt(files={"shop_1.0.orig.tar.xz": b"tarball"})

    def break_off(tarball, archive):
        archive.write_bytes(tarball.read_bytes()[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr(debian.shutil, "copyfile", break_off)
    with pytest.raises(KeyboardInterrupt):
        fetch(source(), tmp_path / "cache/shop.tar")
    assert files_under(tmp_path) == {"cache"}


def test_no_apt(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="apt-get is not on this machine"):
        fetch(source(), tmp_path / "shop.tar")


@pytest.mark.slow
def test_a_real_package_and_a_wrong_checksum(tmp_path):
    name, version = "commons-csv", newest("commons-csv")
    with pytest.raises(DataError) as error:
        fetch(source(package=name, version=version), tmp_path / "shop.tar")
    assert files_under(tmp_path) == set()
    assert f"{name} {version}" in str(error.value)
    found = str(error.value).partition("has sha256 ")[2][:64]
    assert "0" * 64 in str(error.value)
    fetch(source(package=name, version=version, sha256=found), tmp_path / "shop.tar")
    assert sha256(tmp_path / "shop.tar") == found
    assert any(file.path.endswith("CSVParser.java") for file in java_files(tmp_path / "shop.tar"))


def newest(package):
    """Version of a source package in the archives of this system."""
    with debian._private_apt(package) as (options, folder):
        out = subprocess.run(
            ["apt-cache", *options, "showsrc", package], cwd=folder, capture_output=True, text=True
        )
    return next(line.split()[1] for line in out.stdout.splitlines() if line.startswith("Version:"))


@pytest.mark.slow
def test_a_real_unknown_package(tmp_path):
    with pytest.raises(DataError, match=r"no-such-package 9\.9: .*Unable to find a source package"):
        fetch(source(package="no-such-package", version="9.9"), tmp_path / "shop.tar")
    assert files_under(tmp_path) == set()


@pytest.mark.slow
def test_real_jars(tmp_path):
    jars = debian.fetch_jars(["junit4"], tmp_path / "jars")
    assert tmp_path / "jars/junit4.jar" in jars
    assert all(jar.read_bytes()[:2] == b"PK" for jar in jars)
    with pytest.raises(DataError, match="no-such-binary"):
        debian.fetch_jars(["no-such-binary"], tmp_path / "others")
    assert not (tmp_path / "others").exists()


METADATA = {
    "showsrc": "Package: shop\nBinary: libshop-java, libshop-java-doc, shop-tools\n"
    "Build-Depends: debhelper, default-jdk, libmoney-java (>= 2), maven-debian-helper\n"
    "Build-Depends-Indep: junit5, libmaven-bundle-plugin-java\n",
    "libmoney-java": "Package: libmoney-java\nDepends: libcoins-java (>= 1) | libc6, default-jre\n\n",
    "libcoins-java": "Package: libcoins-java\nDepends: libmoney-java\n\n",
    "libshop-java": "Package: libshop-java\n\n",
    "junit5": "Package: junit5\nDepends: junit4\n\n",
    "junit4": "Package: junit4\n\n",
}


@pytest.fixture
def archive(monkeypatch):
    """Stand in for an archive with the packages of ``METADATA``; returns those that cannot be fetched."""
    refused = set()

    def run(command, cwd, **options):
        if "indextargets" in command:
            return subprocess.CompletedProcess(command, 0, ARCHIVES, "")
        if "showsrc" in command:
            return subprocess.CompletedProcess(command, 0, METADATA["showsrc"], "")
        if "show" in command:
            return subprocess.CompletedProcess(
                command, 100, "".join(METADATA.get(n, "") for n in command), ""
            )
        if "download" in command:
            for name in command[command.index("download") + 1 :]:
                if name in refused:
                    return subprocess.CompletedProcess(command, 100, "", NOT_FOUND)
                (cwd / f"{name}_1.0_all.deb").touch()
        if command[0] == "dpkg-deb":
            package = command[2].rpartition("/")[2].partition("_")[0]
            jar = cwd / "unpacked/usr/share/java" / f"{package}-1.0.jar"
            jar.parent.mkdir(parents=True, exist_ok=True)
            jar.write_text(package)
            (jar.parent / f"{package}.jar").symlink_to(jar.name)
            (jar.parent / f"{package}-other.jar").symlink_to("/nowhere/other.jar")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(debian.subprocess, "run", run)
    return refused


def test_libraries_come_with_what_they_depend_on(archive, tmp_path):
    assert debian.fetch_libraries(["junit4"], ["libguess-java"], "shop", tmp_path / "jars") == {}
    found = {path.name for path in (tmp_path / "jars").iterdir()}
    assert found == {
        f"{name}-1.0.jar" for name in ("junit4", "junit5", "libcoins-java", "libmoney-java", "libshop-java")
    }
    assert debian.fetch_libraries(["junit4"], [], None, tmp_path / "few") == {}
    assert [path.name for path in (tmp_path / "few").iterdir()] == ["junit4-1.0.jar"]


def test_a_library_that_cannot_be_had_is_told(archive, tmp_path):
    archive.add("libmoney-java")
    missing = debian.fetch_libraries(["testng"], [], "shop", tmp_path / "jars")
    assert missing["testng"] == "the archives of this system do not have it"
    assert "404  Not Found" in missing["libmoney-java"]
    assert set(missing) == {"testng", "libmoney-java"}
    assert (tmp_path / "jars/libcoins-java-1.0.jar").is_file()
