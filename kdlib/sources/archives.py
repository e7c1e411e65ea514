"""Archives read in place, within limits; an archive that would harm the user who unpacks it is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import posixpath
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kdlib.files import DataError

_COMPRESSIONS: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x5d\0\0": lzma.LZMAFile,
}
_ZIP = (b"PK\3\4", b"PK\5\6")
_DRIVE = re.compile("[A-Za-z]:")
# Of ASCII and of Latin-1, and what else ends a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CHUNK = 1 << 20
# A central directory or an extended header is read at once, so a lie about its size would fill memory.
_HEADER_BYTES = 64 << 20
_LINK_BYTES = 4096
# What Python's readers answer to damaged bytes; RuntimeError: encryption, and headers in headers in headers.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much an archive may hold.

    Attributes:
        members: Members of any kind.
        java_bytes: Bytes of one Java file, or of another file that is wanted.
        all_java_bytes: Bytes of all of them together.
        unpacked_bytes: Bytes of a compressed ``.tar`` once it is unpacked, whatever it holds.
        ratio: Unpacked bytes for each packed one, of a member and of the whole.
        ratio_from: Unpacked bytes up to which any ratio will do.
    """

    members: int = 500_000
    java_bytes: int = 64 << 20
    all_java_bytes: int = 1 << 30
    unpacked_bytes: int = 16 << 30
    ratio: int = 200
    ratio_from: int = 32 << 20

    def unpacked(self, packed: int) -> int:
        """Return how many bytes ``packed`` bytes may unpack to."""
        return max(self.ratio_from, self.ratio * packed)


LIMITS = ArchiveLimits()


def is_java(name: str) -> bool:
    """Return whether a member's name is that of a Java file."""
    return name.endswith(".java")


def leads_out(name: str) -> bool:
    """Return whether a name, with forward slashes, could be that of a file outside, on any system."""
    return name.startswith("/") or ".." in name.split("/") or bool(_DRIVE.match(name)) or "\0" in name


def has_control_characters(name: str) -> bool:
    """Return whether a name could be more than one line, or more than text, for a program that reads it."""
    return bool(_CONTROL.search(name))


def members(
    archive: Path, limits: ArchiveLimits = LIMITS, wanted: Callable[[str], bool] = is_java
) -> Iterator[tuple[PurePosixPath, bytes | None]]:
    """Yield the path of every member, with its content if it is a plain file whose content is wanted.

    What is inside decides how an archive is read, not its name. Nothing is unpacked to disk, no link is
    followed and no archive in an archive opened. Bytes are counted as they come, whatever headers claim.

    Args:
        archive: A ``.tar``, plain or compressed by gzip, bzip2 or xz, or a ``.zip`` or ``.jar``.
        limits: An archive that exceeds them is refused.
        wanted: Whether the content of a member is read, given its name.

    Raises:
        DataError: If the archive is damaged or breaks off, exceeds a limit, or holds a member that leads out
            of the archive by its name or as a link, that is a device, or whose content is wanted and whose
            name has control characters.
    """
    try:
        most = min(limits.all_java_bytes, limits.unpacked(archive.stat().st_size))
        read = _zip_members if _head(archive).startswith(_ZIP) else _tar_members
        java_bytes = 0
        for count, (name, content) in enumerate(read(archive, limits, wanted), 1):
            java_bytes += len(content or b"")
            if count > limits.members:
                raise _refused(archive, name, f"is one of more than {limits.members} members")
            if java_bytes > most:
                raise _refused(archive, name, f"makes more than {most} bytes of Java")
            if content is not None and has_control_characters(name):
                raise _refused(archive, name, "has control characters in its name")
            path = PurePosixPath(name)
            if path.parts:
                yield path, content
    except _UNREADABLE as error:
        raise DataError(
            f"{archive}: neither a folder nor a readable archive: a .tar (plain, gzip, bzip2 or xz), "
            f".zip or .jar ({error or type(error).__name__})"
        ) from None


def _refused(archive: Path, member: str, why: str) -> DataError:
    return DataError(f"{archive}: refused, its member {member!r} {why}; repack it without, if you trust it")


def _head(archive: Path) -> bytes:
    with archive.open("rb") as file:
        return file.read(6)


def _tar_members(
    archive: Path, limits: ArchiveLimits, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes | None]]:
    with _unpacking(archive) as file:
        stream = _Stream(file, archive, limits)
        tar = tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
        while entry := tar.next():
            # tarfile would keep them all.
            tar.members.clear()  # type: ignore[attr-defined]
            name = _name(archive, entry.name)
            if entry.isdev():
                raise _refused(archive, name, "is a device")
            if entry.issym():
                _check_link(archive, name, entry.linkname, posixpath.dirname(name))
            elif entry.islnk():
                _check_link(archive, name, entry.linkname, "")
            content = None
            if entry.isreg() and wanted(name):
                if entry.size > limits.java_bytes:
                    raise _refused(archive, name, f"has more than {limits.java_bytes} bytes")
                plain = tar.extractfile(entry)
                content = plain.read() if plain else None
            yield name, content
        # tarfile takes a header that it cannot read, or that is not there, for the end.
        if stream.last != bytes(tarfile.BLOCKSIZE):
            raise EOFError("it breaks off, or has no end mark")
        # To the end, where the checksum of a compressed archive stands.
        while stream.read(_CHUNK):
            pass


def _unpacking(archive: Path) -> io.BufferedIOBase:
    head = _head(archive)
    for magic, unpack in _COMPRESSIONS.items():
        if head.startswith(magic):
            return unpack(archive)
    return archive.open("rb")


class _Stream(io.BufferedIOBase):
    """What a ``.tar`` unpacks to: counted, and forward only, since a member that points back has no end."""

    def __init__(self, file: io.BufferedIOBase, archive: Path, limits: ArchiveLimits) -> None:
        self.last = b""
        self._file = file
        self._position = 0
        self._archive = archive
        self._most = min(limits.unpacked_bytes, limits.unpacked(archive.stat().st_size))

    def tell(self) -> int:
        return self._position

    def seek(self, position: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET or position < self._position:
            raise tarfile.ReadError("a member points back")
        while position > self._position and self.read(min(position - self._position, _CHUNK)):
            pass
        return self._position

    def read(self, size: int | None = None, /) -> bytes:
        if size is None or not 0 <= size <= _HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        self.last = self._file.read(size)
        self._position += len(self.last)
        if self._position > self._most:
            raise DataError(
                f"{self._archive}: refused, it unpacks to more than {self._most} bytes, as a bomb would; "
                "leave out of it what is not source code"
            )
        return self.last


def _zip_members(
    archive: Path, limits: ArchiveLimits, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes | None]]:
    with _Sparing(archive) as file, zipfile.ZipFile(file) as packed:
        for entry in packed.infolist():
            name = _name(archive, entry.filename)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            content = None
            if kind == stat.S_IFLNK:
                target = _unzip(archive, packed, entry, _LINK_BYTES)
                _check_link(archive, name, target.decode(errors="replace"), posixpath.dirname(name))
            elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refused(archive, name, "is a device")
            elif not entry.is_dir() and wanted(name):
                most = min(limits.java_bytes, limits.unpacked(entry.compress_size))
                content = _unzip(archive, packed, entry, most)
            yield name, content


class _Sparing(io.FileIO):
    """A file that does not hand out a central directory which would fill memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _HEADER_BYTES:
            raise zipfile.BadZipFile(f"a central directory of {size} bytes")
        return super().read(size) or b""


def _unzip(archive: Path, packed: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Return the content of a member, which has ``most`` bytes at most."""
    # zipfile unpacks other methods without a bound.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(archive, entry.filename, f"is packed by method {entry.compress_type}, not by deflate")
    with packed.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise _refused(archive, entry.filename, f"has more than {most} bytes")
    return content


def _name(archive: Path, name: str) -> str:
    """Return a member's name with forward slashes, if it stays inside the archive on every system."""
    plain = name.replace("\\", "/")
    if leads_out(plain):
        raise _refused(archive, name, "would be written outside of the folder that it is unpacked to")
    try:
        plain.encode()
    except UnicodeEncodeError:
        # Not UTF-8: what packed it was older, and most likely Latin-1.
        return plain.encode("utf-8", "surrogateescape").decode("latin-1")
    return plain


def _check_link(archive: Path, name: str, target: str, folder: str) -> None:
    """Refuse a link whose target, relative to ``folder``, is outside of the archive."""
    plain = target.replace("\\", "/")
    end = posixpath.normpath(posixpath.join(folder, plain))
    if end.startswith(("/", "../")) or end == ".." or _DRIVE.match(plain):
        raise _refused(archive, name, f"is a link to {target!r}, outside of the archive")
