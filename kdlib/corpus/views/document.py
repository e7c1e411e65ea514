"""A Java file of a source as the views read it, and the keys by which equal code is known."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from kdlib import config
from kdlib.java.methods import CompilationUnit, Method, TypeDeclaration, read_unit
from kdlib.java.syntax import parse
from kdlib.java.tokens import code_tokens
from kdlib.records import digest
from kdlib.sources.generated import is_generated
from kdlib.sources.java_files import JavaFile
from kdlib.sources.licence import licence_allowed, licence_of


@dataclass(frozen=True, slots=True)
class Document:
    """A Java file that parsed, without byte order mark and with line feeds as its only line breaks.

    Attributes:
        source: Name of its source.
        path: Path inside the source.
        licence: SPDX id.
        content: Bytes of the file, in UTF-8.
        root: Root of its syntax tree.
        unit: Declarations of the file.
    """

    source: str
    path: str
    licence: str
    content: bytes
    root: Node
    unit: CompilationUnit

    def code(self, start: int = 0, end: int | None = None) -> str:
        """Return the text between two bytes."""
        return self.content[start:end].decode()

    def full_name(self, declaration: TypeDeclaration) -> str:
        """Return the name of one of its types with the package."""
        return ".".join(filter(None, (self.unit.package, declaration.name)))

    def origin(self) -> dict[str, str]:
        """Return the fields of every row that say where it comes from."""
        return {"source": self.source, "path": self.path, "licence": self.licence}


def read_document(java: JavaFile, source: str, licence: str, filters: config.Filters) -> Document | str:
    """Return a file as a document, or the reason why it has no views.

    Args:
        java: The file.
        source: Name of its source.
        licence: SPDX id of the source, for files whose header states none.
        filters: Filters of files.
    """
    if len(java.content) > filters.max_file_bytes:
        return "too large"
    if filters.generated and is_generated(java.content, java.path):
        return "generated"
    licence = licence_of(java.content) or licence
    if not licence_allowed(licence, filters.licences):
        return "licence"
    content = java.content.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    try:
        content.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    root = parse(content).root_node
    if root.has_error:
        return "does not parse"
    unit = read_unit(root)
    if not unit.types:
        return "no type"
    return Document(source, java.path, licence, content, root, unit)


def code_key(code: str) -> str:
    """Return a digest of the tokens of some code, blind to comments and white space."""
    return digest(code_tokens(code))


def file_key(document: Document) -> str:
    """Return the key of a file's types; package and imports are left out."""
    return code_key(document.code(document.unit.types[0].start))


def method_keys(document: Document) -> Iterator[str]:
    """Yield the keys of all methods of a file."""
    return (code_key(document.code(method.start, method.end)) for _, method in methods_of(document))


def methods_of(document: Document) -> Iterator[tuple[str, Method]]:
    """Yield the methods of a file that have a body, with the full names of their types."""
    for declaration in document.unit.types:
        name = document.full_name(declaration)
        yield from ((name, method) for method in declaration.methods if method.has_body)
