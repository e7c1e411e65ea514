from __future__ import annotations

import io
import tarfile

import pytest

from kdlib.corpus.sources import JavaFile, java_files, java_paths
from kdlib.files import DataError

FILES = {
    "src/b/B.java": b"class B {}",
    "src/a/A.java": b"class A {}",
    "src/org/build/target/Kept.java": b"class Kept {}",
    "build/gen/Made.java": b"class Made {}",
    "core/target/Made.java": b"class Made {}",
    ".git/Hidden.java": b"class Hidden {}",
    "README.md": b"no Java",
    "Top.java": b"class Top {}",
}
EXPECTED = [
    JavaFile("Top.java", b"class Top {}"),
    JavaFile("src/a/A.java", b"class A {}"),
    JavaFile("src/b/B.java", b"class B {}"),
    JavaFile("src/org/build/target/Kept.java", b"class Kept {}"),
]


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "project"
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def archive(path, mode, files, top="lib-1.0/", extra=()):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(top + name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return path


def test_folder(folder, tmp_path):
    outside = tmp_path / "Outside.java"
    outside.write_text("class Outside {}")
    (folder / "src/Link.java").symlink_to(outside)
    (folder / "linked").symlink_to(folder / "src", target_is_directory=True)
    assert list(java_files(folder)) == EXPECTED
    assert [path.relative_to(folder).as_posix() for path in java_paths(folder)] == [
        file.path for file in EXPECTED
    ]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_archive_reads_as_the_folder_does_whatever_its_name(tmp_path, mode):
    assert list(java_files(archive(tmp_path / "any.tar", mode, FILES))) == EXPECTED


def test_archive_without_a_top_folder(tmp_path):
    assert list(java_files(archive(tmp_path / "any.tar", "w", FILES, top=""))) == EXPECTED


def test_links_and_entries_that_point_outside_are_ignored(tmp_path):
    link = tarfile.TarInfo("lib-1.0/src/Link.java")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard = tarfile.TarInfo("lib-1.0/src/Hard.java")
    hard.type, hard.linkname = tarfile.LNKTYPE, "lib-1.0/src/a/A.java"
    files = {**FILES, "../../Up.java": b"class Up {}"}
    assert list(java_files(archive(tmp_path / "any.tar", "w", files, extra=[link, hard]))) == EXPECTED
    (tmp_path / "absolute").mkdir()
    absolute = archive(tmp_path / "absolute/a.tar", "w", {"Up.java": b""}, top="/etc/")
    assert list(java_files(absolute)) == []


def test_nothing_is_unpacked(tmp_path):
    path = archive(tmp_path / "any.tar", "w", FILES)
    list(java_files(path))
    assert list(tmp_path.iterdir()) == [path]


def test_neither_folder_nor_archive(tmp_path):
    broken = tmp_path / "broken.tar"
    broken.write_bytes(b"no archive" * 100)
    truncated = archive(tmp_path / "cut.tar", "w:gz", {**FILES, "Big.java": bytes(100_000)})
    truncated.write_bytes(truncated.read_bytes()[:200])
    for path in (tmp_path / "missing", broken, truncated):
        with pytest.raises(DataError, match=path.name):
            list(java_files(path))
