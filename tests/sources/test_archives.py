"""Archives that are attacks, damaged or too large are refused; odd but honest ones are read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.files import DataError
from kdlib.sources.archives import ArchiveLimits, members
from kdlib.sources.java_files import java_files

CONTENT = b"class A { int x; }\n" * 40
NAMES = ["lib/src/A.java", "lib/" + "d/" * 60 + "B.java", "lib/\u00e9.java", "lib/README"]
HOSTILE = [
    "../A.java",
    "lib/../../A.java",
    "lib/../A.java",
    "lib/..",
    "/etc/A.java",
    "/lib",
    "C:/A.java",
    "c:A.java",
    "..\\A.java",
    "lib\\..\\..\\A.java",
    "\\\\host\\share\\A.java",
    "lib/../../README",
]


def entry(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def tar(path, *entries, mode="w", **options):
    """Write entries, each a TarInfo or a pair of name and content."""
    with tarfile.open(path, mode, **options) as file:
        for one in entries:
            if isinstance(one, tarfile.TarInfo):
                file.addfile(one)
            else:
                info = tarfile.TarInfo(one[0])
                info.size = len(one[1])
                file.addfile(info, io.BytesIO(one[1]))
    return path


def zipped(path, *entries, method=zipfile.ZIP_DEFLATED):
    """Write entries, each a triple of name, content and Unix mode or a pair of name and content."""
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content, *mode in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = (mode[0] if mode else stat.S_IFREG | 0o644) << 16
            file.writestr(info, content)
    return path


def paths(archive, limits=None):
    read = members(archive, limits) if limits else members(archive)
    return {path.as_posix(): content for path, content in read}


@pytest.mark.parametrize("write", [tar, zipped])
@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_lead_out(tmp_path, name, write):
    archive = write(tmp_path / "evil.tar", ("lib/Good.java", CONTENT), (name, CONTENT))
    with pytest.raises(DataError) as error:
        list(java_files(archive))
    assert str(archive) in str(error.value)
    assert repr(name) in str(error.value)


@pytest.mark.parametrize("write", [tar, zipped])
def test_names_that_only_look_odd(tmp_path, write):
    names = ["lib/..a/A.java", "lib/a..b/B.java", "lib/c:/C.java", "./lib/D.java", "lib\\e\\E.java"]
    archive = write(tmp_path / "odd.tar", *((name, CONTENT) for name in names))
    assert set(paths(archive)) == {
        "lib/..a/A.java",
        "lib/a..b/B.java",
        "lib/c:/C.java",
        "lib/D.java",
        "lib/e/E.java",
    }


@pytest.mark.parametrize("write", [tar, zipped])
@pytest.mark.parametrize(
    "name", ["lib/A\n-d\nB.java", "lib/\x1b[2J/A.java", "lib/A\x7f.java", "lib/A\x85.java"]
)
def test_names_of_several_lines(tmp_path, name, write):
    """What is not wanted is not read, so it may have any name."""
    archive = write(tmp_path / "evil.tar", ("lib/Icon\r", b""), ("lib/Good.java", CONTENT))
    assert paths(archive)["lib/Good.java"] == CONTENT
    archive = write(tmp_path / "evil.tar", ("lib/Good.java", CONTENT), (name, CONTENT))
    with pytest.raises(DataError, match="control characters in its name") as error:
        list(java_files(archive))
    assert repr(name) in str(error.value)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("lib/Link.java", "/etc/passwd"),
        ("lib/Link.java", "../../x"),
        ("lib/a/link", "../../.."),
        ("link", ".."),
        ("lib/link", "C:\\x"),
        ("lib/link", "..\\..\\x"),
    ],
)
def test_symbolic_links_that_lead_out(tmp_path, name, target):
    good = ("lib/Good.java", CONTENT)
    for archive in (
        tar(tmp_path / "evil.tar", good, entry(name, tarfile.SYMTYPE, target)),
        zipped(tmp_path / "evil.zip", good, (name, target.encode(), stat.S_IFLNK | 0o777)),
    ):
        with pytest.raises(DataError, match="outside of the archive") as error:
            list(java_files(archive))
        assert repr(name) in str(error.value)
        assert repr(target) in str(error.value)


def test_hard_links_that_lead_out(tmp_path):
    # A hard link's target counts from the top, so this one is inside as a symbolic link only.
    for target in ("../x", "/etc/passwd"):
        archive = tar(tmp_path / "evil.tar", entry("lib/a/Link.java", tarfile.LNKTYPE, target))
        with pytest.raises(DataError, match=r"Link\.java' is a link to"):
            paths(archive)


@pytest.mark.parametrize("target", ["A.java", "../lib/A.java", "./b/../A.java", "..", "nowhere", "lib/..a"])
def test_links_inside_are_met_but_not_read(tmp_path, target):
    links = ("lib/Link.java", "lib/Hard.java")
    packed = tar(
        tmp_path / "good.tar",
        ("lib/A.java", CONTENT),
        entry(links[0], tarfile.SYMTYPE, target),
        entry(links[1], tarfile.LNKTYPE, "lib/A.java"),
    )
    assert paths(packed) == {"lib/A.java": CONTENT, links[0]: None, links[1]: None}
    packed = zipped(tmp_path / "good.zip", ("lib/A.java", CONTENT), (links[0], target, stat.S_IFLNK | 0o777))
    assert paths(packed) == {"lib/A.java": CONTENT, links[0]: None}


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices(tmp_path, kind):
    with pytest.raises(DataError, match=r"'lib/dev\.java' is a device"):
        paths(tar(tmp_path / "evil.tar", entry("lib/dev.java", kind)))


def test_devices_of_a_zip(tmp_path):
    with pytest.raises(DataError, match=r"'lib/dev\.java' is a device"):
        paths(zipped(tmp_path / "evil.zip", ("lib/dev.java", b"", stat.S_IFCHR | 0o644)))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_bomb_is_stopped_by_counting(tmp_path, mode):
    # 150 MB of zeros that no Java reader asks for.
    bomb = tmp_path / "bomb.tar"
    with tarfile.open(bomb, mode) as file, open("/dev/zero", "rb") as zeros:
        info = tarfile.TarInfo("lib/zeros.bin")
        info.size = 150_000_000
        file.addfile(info, zeros)
    assert bomb.stat().st_size < 500_000
    tracemalloc.start()
    with pytest.raises(DataError, match=r"bomb\.tar: refused, it unpacks to more than"):
        paths(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_an_end_that_goes_on_is_counted_too(tmp_path):
    plain = tar(tmp_path / "plain.tar", ("lib/A.java", CONTENT)).read_bytes()
    bomb = tmp_path / "bomb.tar"
    bomb.write_bytes(gzip.compress(plain + bytes(1_000_000)))
    assert paths(bomb) == {"lib/A.java": CONTENT}
    with pytest.raises(DataError, match="more than 500000 bytes"):
        paths(bomb, ArchiveLimits(ratio_from=500_000, ratio=1))


def test_a_zip_bomb(tmp_path):
    spaces = b" " * 40_000_000
    with pytest.raises(DataError, match=r"'lib/Bomb\.java' has more than 33554432 bytes"):
        paths(zipped(tmp_path / "bomb.zip", ("lib/Bomb.java", spaces)))
    assert paths(zipped(tmp_path / "other.zip", ("lib/bomb.bin", spaces))) == {"lib/bomb.bin": None}


def test_a_bomb_of_many_members(tmp_path):
    half = ("lib/A.java", b" " * 60_000), ("lib/B.java", b" " * 60_000)
    bomb = zipped(tmp_path / "bomb.zip", *half)
    assert len(paths(bomb, ArchiveLimits(ratio_from=120_000, ratio=10))) == 2
    assert len(paths(bomb, ArchiveLimits(ratio_from=100_000, ratio=1000))) == 2
    with pytest.raises(DataError, match=r"'lib/B\.java' makes more than 100000 bytes of Java"):
        paths(bomb, ArchiveLimits(ratio_from=100_000, ratio=10))


def test_members_of_the_same_bytes_are_counted_each(tmp_path):
    # A directory that names one member many times unpacks it as often.
    raw = zipped(tmp_path / "one.zip", ("lib/A.java", b" " * 50_000)).read_bytes()
    start = raw.index(b"PK\1\2")
    end = raw.index(b"PK\5\6")
    directory = raw[start:end] * 10
    tail = bytearray(raw[end:])
    tail[8:12] = (10).to_bytes(2, "little") * 2
    tail[12:16] = len(directory).to_bytes(4, "little")
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(raw[:start] + directory + bytes(tail))
    with pytest.raises(DataError):
        paths(bomb, ArchiveLimits(ratio_from=400_000, ratio=10))


def test_limits_hold_up_to_their_border(tmp_path):
    files = [(f"lib/{name}.java", b"12345") for name in "ABC"]
    for archive in (tar(tmp_path / "a.tar", *files), zipped(tmp_path / "a.zip", *files)):
        assert len(paths(archive, ArchiveLimits(members=3, java_bytes=5, all_java_bytes=15))) == 3
        with pytest.raises(DataError, match="one of more than 2 members"):
            paths(archive, ArchiveLimits(members=2))
        with pytest.raises(DataError, match=r"A\.java' has more than 4 bytes"):
            paths(archive, ArchiveLimits(java_bytes=4))
        with pytest.raises(DataError, match=r"C\.java' makes more than 14 bytes of Java"):
            paths(archive, ArchiveLimits(all_java_bytes=14))
    packed = tar(tmp_path / "a.tgz", *files, mode="w:gz")
    unpacked = len(gzip.decompress(packed.read_bytes()))
    assert len(paths(packed, ArchiveLimits(unpacked_bytes=unpacked))) == 3
    with pytest.raises(DataError, match="unpacks to more than"):
        paths(packed, ArchiveLimits(unpacked_bytes=unpacked - 1))


def test_sizes_that_lie(tmp_path):
    lie = entry("lib/A.java")
    lie.size = 10_000_000_000
    with pytest.raises(DataError, match=r"A\.java' has more than"):
        paths(tar(tmp_path / "java.tar", lie))
    lie.name = "lib/other"
    with pytest.raises(DataError, match="unexpected end"):
        paths(tar(tmp_path / "other.tar", lie))
    lie.type = tarfile.XHDTYPE
    with pytest.raises(DataError, match="a header of 10000000"):
        paths(tar(tmp_path / "header.tar", lie, format=tarfile.GNU_FORMAT))
    raw = bytearray(zipped(tmp_path / "a.zip", ("lib/A.java", CONTENT)).read_bytes())
    size = raw.index(b"PK\1\2") + 24
    raw[size : size + 4] = (2**31).to_bytes(4, "little")
    (tmp_path / "lie.zip").write_bytes(raw)
    assert paths(tmp_path / "lie.zip") == {"lib/A.java": CONTENT}
    raw[size : size + 4] = (len(CONTENT) - 1).to_bytes(4, "little")
    (tmp_path / "lie.zip").write_bytes(raw)
    with pytest.raises(DataError, match=r"lie\.zip"):
        paths(tmp_path / "lie.zip")


def test_a_member_that_points_back_ends(tmp_path):
    back = entry("lib/loop")
    # Negative numbers exist in the GNU format only.
    back.size = -1024
    with pytest.raises(DataError, match="back"):
        paths(tar(tmp_path / "loop.tar", ("lib/A.java", CONTENT), back, format=tarfile.GNU_FORMAT))


def test_headers_upon_headers_end(tmp_path):
    header = entry("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    header.size = 512
    block = header.tobuf(tarfile.GNU_FORMAT) + b"x" * 512
    (tmp_path / "deep.tar").write_bytes(block * 3000 + bytes(1024))
    with pytest.raises(DataError, match=r"deep\.tar"):
        paths(tmp_path / "deep.tar")


def test_methods_without_a_bound_and_encryption(tmp_path):
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with pytest.raises(DataError, match="not by deflate"):
            paths(zipped(tmp_path / "a.zip", ("lib/A.java", CONTENT), method=method))
    raw = bytearray(zipped(tmp_path / "a.zip", ("lib/A.java", CONTENT)).read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(raw)
    with pytest.raises(DataError, match="encrypted"):
        paths(tmp_path / "secret.zip")


def test_names_of_other_encodings(tmp_path):
    latin = tar(
        tmp_path / "latin.tar", ("lib/\u00e9.java", CONTENT), format=tarfile.GNU_FORMAT, encoding="latin-1"
    )
    utf8 = tar(
        tmp_path / "utf8.tar", ("lib/\u00e9.java", CONTENT), format=tarfile.GNU_FORMAT, encoding="utf-8"
    )
    assert paths(latin) == paths(utf8) == {"lib/\u00e9.java": CONTENT}


PLAIN = [(name, CONTENT) for name in NAMES]


def whole(folder):
    """Return an archive of every format by its name."""
    gnu = tar(folder / "gnu", *PLAIN, format=tarfile.GNU_FORMAT).read_bytes()
    return {
        "gnu": gnu,
        "pax": tar(folder / "pax", *PLAIN, format=tarfile.PAX_FORMAT).read_bytes(),
        "gzip": gzip.compress(gnu),
        "bzip2": bz2.compress(gnu),
        "xz": lzma.compress(gnu),
        "lzma": lzma.compress(gnu, format=lzma.FORMAT_ALONE),
        "zip": zipped(folder / "zip", *PLAIN).read_bytes(),
        "stored": zipped(folder / "stored", *PLAIN, method=zipfile.ZIP_STORED).read_bytes(),
    }


FORMATS = ["gnu", "pax", "gzip", "bzip2", "xz", "lzma", "zip", "stored"]


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_reads_alike(tmp_path, archives, kind):
    (tmp_path / "any").write_bytes(archives[kind])
    assert paths(tmp_path / "any") == {name: CONTENT if name.endswith(".java") else None for name in NAMES}


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_an_archive_that_breaks_off_is_never_read_as_a_smaller_one(tmp_path_factory, archives, kind, data):
    raw = archives[kind]
    # The end of a plain tar is padded; what is before the end mark must be there.
    needed = len(raw.rstrip(b"\0")) if kind in {"gnu", "pax"} else len(raw)
    cut = data.draw(st.integers(0, needed - 1))
    path = tmp_path_factory.getbasetemp() / "cut"
    path.write_bytes(raw[:cut])
    with pytest.raises(DataError, match="cut"):
        paths(path)


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_archive_is_read_or_refused(tmp_path_factory, archives, kind, data):
    raw = bytearray(archives[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        where = data.draw(st.integers(0, len(raw) - 1) | st.integers(0, 600))
        raw[where % len(raw)] = data.draw(st.integers(0, 255) | st.sampled_from(b"\x00\x80\xffgxLKS9"))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(raw)
    try:
        found = paths(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert all(".." not in name.split("/") and not name.startswith("/") for name in found)
