"""Java files changed by chance: edits that keep the syntax, and edits of bytes that mostly do not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tree_sitter import Node

from kdlib.java.syntax import captures, parse

SAMPLE = Path(__file__).parents[3] / "examples/sample-java/src"
_SITES = """
(block [(expression_statement) (local_variable_declaration) (if_statement) (for_statement) (return_statement)
  (enhanced_for_statement) (try_statement) (while_statement) (throw_statement)] @statement)
(class_body [(method_declaration) (field_declaration) (constructor_declaration)] @member)
(argument_list) @arguments
(argument_list [(method_invocation) (object_creation_expression) (identifier)] @expression)
[(identifier) (type_identifier)] @name
[(string_literal) (character_literal) (decimal_integer_literal) (decimal_floating_point_literal) (true)
  (null_literal)] @literal
"""
_LITERALS = (
    b'"\\u0041\\"//"', b"'\\''", b"0x1.8p3", b"1_000L", b"07", b"0b1", b".5f", b"null", b"'\\u005c\\u005c'",
    b'"""\n  "quoted" /* no comment\n\t\xe2\x82\xac \\""" {\n  """', b'"\xf0\x9f\x98\x80"',
    b"int[].class", b'""',
    b'"// <ASSERTION_PLACEHOLDER>"', b"new int[] {1, }", b"x -> { }", b"String::new", b"this", b"-1",
)  # fmt: skip
_NAMES = ("größe", "_", "$", "assertThat", "fail", "var", "record", "x", "E", "T1", "Test", "o" * 500)
_COMMENTS = (b" /* c */ ", b" // c\n", b"\n\n", b"/** { */", b"\t", b" // <ASSERTION_PLACEHOLDER>\n", b"\r\n")
_BYTES = (b"\0", b"\xff", b"\xed\xa0\x80", b"\r", b'"', b"*/")
_AROUND_STATEMENT = (
    b"{ @ }", b"if (x) @", b"if (x) @ else { }", b"for (;;) @", b"for (var e : x) @", b"do @ while (x);",
    b"try { @ } finally { }", b"try { f(); @ } catch (A | B e) { g(e); }", b"try (var r = f()) { @ }",
    b"run(() -> { @ });", b"switch (x) { case 1: @ default: }", b"new A() { { @ } }.f();", b"while (x) @",
    b"switch (x) { case P(_, var y) -> @ default -> f(); }", b"class L { void m() { @ } }",
    b"label: @", b"synchronized (x) { @ }",
    b"assertAll(() -> { @ }, x);", b"if (o instanceof R(int i, var j) && o instanceof S s) { @ }", b"{ @ ; }",
    b"int i = 0, j = i; @",
)  # fmt: skip
_AROUND_EXPRESSION = (
    b"(@)", b"(Object) @", b"x ? @ : @", b"f(@, @)", b"() -> @", b"new Object[] {@}[0]", b"@ + 1", b"!@",
    b"@ == @", b"y = @", b"new A(@) { }", b"(@).f()", b"switch (x) { default -> @; }",
    b"@ instanceof Foo f && f.g()", b"((java.util.List<Foo>) @).get(0)", b"/* a */ @ // b\n",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A file with the spans at which it can be changed, by kind."""

    path: str
    content: bytes
    sites: dict[str, list[tuple[int, int]]]

    def of(self, node: tuple[int, int]) -> bytes:
        return self.content[node[0] : node[1]]


def sources(folder: str) -> list[Source]:
    """Return the files of the sample's ``main`` or ``test`` folder."""
    paths = sorted((SAMPLE / folder).rglob("*.java"))
    return [source(path.relative_to(SAMPLE.parent).as_posix(), path.read_bytes()) for path in paths]


def source(path: str, content: bytes) -> Source:
    root = parse(content).root_node
    found = {kind: sorted(map(_span, nodes)) for kind, nodes in captures(root, _SITES).items()}
    return Source(path, content, found | {"token": sorted(map(_span, _tokens(root)))})


def _span(node: Node) -> tuple[int, int]:
    return node.start_byte, node.end_byte


def _tokens(root: Node) -> list[Node]:
    leaves, pending = [], [root]
    while pending:
        node = pending.pop()
        whole = not node.children or node.type in ("string_literal", "line_comment")
        pending += [] if whole else node.children
        leaves += [node] if whole else []
    return leaves


def of_same_syntax(given: Source, random: Random, edits: int) -> bytes:
    """Return a file with so many changes of which each leaves it valid, and with few of its members."""
    members = given.sites.get("member", [])
    changes = dict.fromkeys(random.sample(members, len(members) * 2 // 3), b"")
    kinds = (_arguments, _statements, _statements, _names, _literals, _expressions, _spaces)
    for _ in range(edits):
        changes |= random.choice(kinds)(given, random)
    content = edited(given.content, changes)
    whole = random.random()
    if whole < 0.05:
        return b"\xef\xbb\xbf" + content
    return content.replace(b"\n", b"\r\n") if whole < 0.1 else content


Changes = dict[tuple[int, int], bytes]


def edited(content: bytes, changes: Changes) -> bytes:
    """Return a text with spans replaced; of two that overlap, the one that starts first wins."""
    parts, last = [], 0
    for (start, end), new in sorted(changes.items()):
        if start >= last:
            parts += [content[last:start], new]
            last = end
    return b"".join(parts) + content[last:]


def _pick(given: Source, random: Random, kind: str) -> tuple[int, int]:
    return random.choice(given.sites.get(kind) or given.sites["token"])


def _statements(given: Source, random: Random) -> Changes:
    kind = random.choice(("statement", "statement", "statement", "member"))
    one, other = _pick(given, random, kind), _pick(given, random, kind)
    match random.randrange(5):
        case 0:
            return {one: b""}
        case 1:
            return {one: given.of(one) * 2}
        case 2:
            return {one: given.of(other), other: given.of(one)}
        case 3:
            return {one: given.of(one) + random.choice((b"", b" ", b"\n", b" // c\n")) + given.of(other)}
    return {one: random.choice(_AROUND_STATEMENT).replace(b"@", given.of(one))} if kind != "member" else {}


def _arguments(given: Source, random: Random) -> Changes:
    """Repeat, drop or mix the arguments of a call."""
    one = _pick(given, random, "arguments")
    inside = [span for span in given.sites["literal"] + given.sites["name"] if one[0] < span[0] < one[1]]
    items = [given.of(span) for span in random.choices(inside, k=random.randrange(4))] if inside else []
    return {one: b"(" + b", ".join(items) + b")"}


def _names(given: Source, random: Random) -> Changes:
    one, other = _pick(given, random, "name"), _pick(given, random, "name")
    return {one: given.of(other) if random.random() < 0.8 else random.choice(_NAMES).encode()}


def _literals(given: Source, random: Random) -> Changes:
    one, other = _pick(given, random, "literal"), _pick(given, random, "literal")
    return {one: given.of(other) if random.random() < 0.5 else random.choice(_LITERALS)}


def _expressions(given: Source, random: Random) -> Changes:
    one = _pick(given, random, "expression")
    return {one: random.choice(_AROUND_EXPRESSION).replace(b"@", given.of(one))}


def _spaces(given: Source, random: Random) -> Changes:
    start, _ = _pick(given, random, "token")
    return {(start, start): random.choice(_COMMENTS)}


def of_other_bytes(given: Source, other: Source, random: Random) -> bytes:
    """Return a file that was cut, joined with another, or changed in bytes or tokens."""
    content, at = given.content, random.randrange(len(given.content))
    match random.randrange(9):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + other.content[random.randrange(len(other.content)) :]
        case 2:
            lines, others = content.splitlines(True), other.content.splitlines(True)
            return b"".join(lines[: random.randrange(len(lines))] + others[random.randrange(len(others)) :])
        case 3 | 4:
            ours, theirs = _pick(given, random, "member"), _pick(other, random, "member")
            return content[: ours[0]] + other.content[theirs[0] :]
        case 5:
            flipped = content[at] ^ (1 << random.randrange(8))
            return content[:at] + bytes([flipped]) + content[at + 1 :]
        case 6:
            return content[:at] + random.choice(_BYTES) + content[at:]
        case 7:
            return edited(content, dict.fromkeys(random.choices(given.sites["token"], k=2), b""))
    repeated = random.choices(given.sites["token"], k=2)
    return edited(content, {span: given.of(span) + b" " + given.of(span) for span in repeated})
