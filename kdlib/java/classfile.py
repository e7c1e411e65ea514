"""Headers of class files: what a compiled class is, extends and declares, without loading it.

Reference: JVMS 21 §4.1-§4.6.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from kdlib.files import DataError

_PUBLIC = 0x1
_STATIC = 0x8
_INTERFACE = 0x200
_ABSTRACT = 0x400
_SYNTHETIC = 0x1000
_MAGIC = 0xCAFEBABE
_UTF8 = 1
_CLASS = 7
# Bytes after the tag of each kind of constant; those of 8 bytes take two places.
_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}


class MethodHeader(NamedTuple):
    """A method of a compiled class.

    Attributes:
        name: Simple name; ``<init>`` of a constructor.
        public: Whether it is public.
        static: Whether it is static.
    """

    name: str
    public: bool
    static: bool


class ClassHeader(NamedTuple):
    """A compiled class.

    Attributes:
        name: Binary name with dots and dollars, e.g. ``p.Outer$Inner``.
        superclass: Binary name of its superclass; empty for ``java.lang.Object``.
        abstract: Whether it is abstract or an interface.
        methods: Methods that it declares, without those that the compiler added.
    """

    name: str
    superclass: str
    abstract: bool
    methods: tuple[MethodHeader, ...]


def read_class(content: bytes) -> ClassHeader:
    """Return the header of a class file.

    Raises:
        DataError: If it is none.
    """
    try:
        return _header(content)
    except (struct.error, KeyError, IndexError, UnicodeDecodeError) as error:
        raise DataError(f"no class file ({type(error).__name__}: {error}); compile it again") from None


def _header(content: bytes) -> ClassHeader:
    magic, _, _, count = struct.unpack_from(">IHHH", content)
    if magic != _MAGIC:
        raise IndexError("it does not begin with CAFEBABE")
    texts, classes, at = _constants(content, count)
    flags, this, above, interfaces = struct.unpack_from(">HHHH", content, at)
    at += 8 + 2 * interfaces
    _, at = _members(content, at, texts)
    methods, at = _members(content, at, texts)
    return ClassHeader(
        name=texts[classes[this]].replace("/", "."),
        superclass=texts[classes[above]].replace("/", ".") if above else "",
        abstract=bool(flags & (_ABSTRACT | _INTERFACE)),
        methods=tuple(methods),
    )


def _constants(content: bytes, count: int) -> tuple[dict[int, str], dict[int, int], int]:
    """Return texts by index, the text that names each class by index, and the position behind them."""
    texts: dict[int, str] = {}
    classes: dict[int, int] = {}
    at = 10
    index = 1
    while index < count:
        tag = content[at]
        if tag == _UTF8:
            (length,) = struct.unpack_from(">H", content, at + 1)
            # Names are what counts here; other texts may hold halves of surrogate pairs.
            texts[index] = content[at + 3 : at + 3 + length].decode(errors="replace")
            at += 3 + length
        else:
            if tag == _CLASS:
                (classes[index],) = struct.unpack_from(">H", content, at + 1)
            at += 1 + _SIZES[tag]
        index += 2 if _SIZES.get(tag) == 8 else 1
    return texts, classes, at


def _members(content: bytes, at: int, texts: dict[int, str]) -> tuple[list[MethodHeader], int]:
    """Return the fields or methods at a position, and the position behind them."""
    (count,) = struct.unpack_from(">H", content, at)
    at += 2
    found = []
    for _ in range(count):
        flags, name, _, attributes = struct.unpack_from(">HHHH", content, at)
        at += 8
        for _ in range(attributes):
            (length,) = struct.unpack_from(">I", content, at + 2)
            at += 6 + length
        if not flags & _SYNTHETIC:
            public = bool(flags & _PUBLIC)
            static = bool(flags & _STATIC)
            found.append(MethodHeader(texts[name], public, static))
    return found, at
