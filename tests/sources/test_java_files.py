from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.files import DataError
from kdlib.sources.java_files import JavaFile, content_digest, files_below, java_files, java_paths

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


@pytest.mark.parametrize("name", ["any.zip", "any.jar", "any.tar"])
def test_zip_reads_as_the_folder_does_whatever_its_name(tmp_path, name):
    for top in ("lib-1.0/", ""):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as packed:
            for path, content in FILES.items():
                packed.writestr(top + path, content)
        assert list(java_files(tmp_path / name)) == EXPECTED


def test_a_file_on_top_is_no_top_folder(tmp_path):
    assert list(java_files(archive(tmp_path / "a.tar", "w", {"A.java": b"A"}, top=""))) == [
        JavaFile("A.java", b"A")
    ]
    files = {"lib/A.java": b"A", "lib.java": b"B"}
    assert [file.path for file in java_files(archive(tmp_path / "b.tar", "w", files, top=""))] == [
        "lib.java",
        "lib/A.java",
    ]


def test_links_inside_are_ignored(tmp_path):
    link = tarfile.TarInfo("lib-1.0/src/Link.java")
    link.type, link.linkname = tarfile.SYMTYPE, "a/A.java"
    hard = tarfile.TarInfo("lib-1.0/src/Hard.java")
    hard.type, hard.linkname = tarfile.LNKTYPE, "lib-1.0/src/a/A.java"
    assert list(java_files(archive(tmp_path / "any.tar", "w", FILES, extra=[link, hard]))) == EXPECTED


def test_archives_in_archives_stay_closed(tmp_path):
    inner = archive(tmp_path / "inner.tar", "w", {"../../Evil.java": b"class Evil {}"}).read_bytes()
    files = {**FILES, "src/test/evil.tar": inner, "src/test/cut.zip": inner[:100]}
    assert list(java_files(archive(tmp_path / "any.tar", "w:gz", files))) == EXPECTED


def test_the_last_of_a_name_counts(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for content in (b"old", b"new"):
            info = tarfile.TarInfo("lib/A.java")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    assert list(java_files(tmp_path / "a.tar")) == [JavaFile("A.java", b"new")]


def test_a_folder_that_changes_while_it_is_read(folder):
    files = java_files(folder)
    assert next(files).path == "Top.java"
    (folder / "src/a/A.java").unlink()
    with pytest.raises(DataError, match=r"src/a/A\.java: cannot be read"):
        list(files)


def test_a_folder_that_cannot_be_listed(folder, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("src/b"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"src/b: cannot be read \(Permission denied\)"):
        java_files(folder)


def test_what_is_no_plain_file_is_not_waited_for(folder):
    os.mkfifo(folder / "src/Pipe.java")
    (folder / "src/Folder.java").mkdir()
    (folder / "src/Nowhere.java").symlink_to(folder / "nowhere")
    assert list(java_files(folder)) == EXPECTED


def test_a_name_that_no_file_of_text_can_hold(tmp_path):
    (tmp_path / os.fsdecode(b"\xe9.java")).write_bytes(b"")
    with pytest.raises(DataError, match=r"udce9\.java.*not UTF-8"):
        java_files(tmp_path)


@pytest.mark.parametrize("name", ["z.java\n-d\nout\n-A.java", "a\tb.java", "\x1b[2J.java"])
def test_a_name_of_several_lines(tmp_path, name):
    (tmp_path / "Icon\r").write_bytes(b"")
    assert list(java_files(tmp_path)) == []
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match="control characters; rename it") as error:
        java_files(tmp_path)
    assert repr(str(tmp_path / name)) in str(error.value)


def test_a_cache_inside_is_left_out(folder):
    """``kdlib check`` keeps copies of a project's files, perhaps within it."""
    before = list(java_files(folder))
    (folder / "kept/files").mkdir(parents=True)
    (folder / "kept/files/Copy.java").write_bytes(b"class Copy {}")
    assert len(list(java_files(folder))) == len(before) + 1
    (folder / "kept/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    assert list(java_files(folder)) == before
    # Who asks for it gets it.
    assert [file.path for file in java_files(folder / "kept")] == ["files/Copy.java"]


def test_files_below(folder):
    assert files_below(folder) == sorted(folder / path for path in FILES)
    assert files_below(folder / "Top.java") == [folder / "Top.java"]
    assert files_below(folder / "nowhere") == [folder / "nowhere"]


def test_the_digest_is_that_of_its_lines(folder):
    def line(path, content):
        return path.encode() + b"\0" + hashlib.sha256(content).hexdigest().encode() + b"\n"

    expected = hashlib.sha256(b"".join(line(file.path, file.content) for file in EXPECTED))
    assert content_digest(java_files(folder)) == expected.hexdigest()
    assert content_digest([]) == hashlib.sha256(b"").hexdigest()


JAVA_FILES = st.lists(
    st.builds(JavaFile, st.text("ab/\u00e9.", min_size=1, max_size=6), st.binary(max_size=3)),
    unique_by=lambda file: file.path,
    max_size=6,
)


@given(JAVA_FILES, JAVA_FILES, st.randoms())
def test_digests_are_equal_for_equal_sets_only(files, others, random):
    shuffled = random.sample(files, len(files))
    assert content_digest(shuffled) == content_digest(files)
    assert (content_digest(others) == content_digest(files)) == (set(others) == set(files))


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
