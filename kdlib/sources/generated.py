"""Generated Java files, recognised by what generators write into them."""

from __future__ import annotations

import re

# What stands before the first type: comments, literals, imports and annotations. Strings are matched so that
# what is inside them is not taken for either.
_HEAD = re.compile(
    rb"""
    (?P<comment> //[^\n]* | /\*.*?(?:\*/|\Z) )
  | "(?:[^"\\\n]|\\.)*"
  | import\s+(?P<import> (?:javax\.annotation(?:\.processing)? | jakarta\.annotation)\.(?:Generated|\*) )\s*;
  | @\s*(?P<annotation> (?:[\w]+\.)*Generated )\b
  | (?P<type> \b(?:class|interface|enum|record)\s+[A-Za-z_$] )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUALIFIED = re.compile(rb"(?:javax\.annotation(?:\.processing)?|jakarta\.annotation)\.Generated")
_TOOL = rb"""(?:
    ANTLR | JavaCC | JJTree | ParserGeneratorCC | JFlex | Thrift | Avro | SableCC | jOOQ | OpenAPI | Swagger
  | protoc\b | protocol\ buffer\ compiler | protobuf | grpc | (?:Eclipse\ Implementation\ of\ )?JAXB
  | JavaTM\ Architecture\ for\ XML\ Binding | Xtext | EvoSuite | Randoop
)"""
# A line that begins with the statement: prose about generated code has it in the middle of a sentence.
_STATEMENT = re.compile(
    rb"""^[\s/*]*
    (?: \$ANTLR\b
      | Generated\ from\ \S+\ by\ ANTLR\b
      | Generated\ By:\s*(?:JavaCC|JJTree|ParserGeneratorCC)
      | (?:NOTE:\s*)?
        (?:(?:This|The\ following)\ (?:class|interface|file|code|source\ file)\ (?:is|was|has\ been)\ )?
        (?:automatically\ |auto[- ]?)?generated\ (?:by|with|using)\ (?:the\ )?"""
    + _TOOL
    + rb"""
      | (?:@generated|Code\ generated)\b.*\bDO\ NOT\ EDIT
    )""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_ORDER = re.compile(rb"\bDO NOT (?:EDIT|MODIFY|CHANGE)\b")
_CLAIM = re.compile(rb"\b(?:auto-?)?generated\b", re.IGNORECASE)
_EVOSUITE = re.compile(r"_ESTest(?:_scaffolding)?\.java$")
_RANDOOP = re.compile(r"(?:^|/)(?:Regression|Error)Test\d*\.java$")


def is_generated(content: bytes, path: str) -> str | None:
    """Return why a Java file counts as generated, or None.

    It does if, before its first type,

    - the type has the annotation ``Generated`` of javax.annotation, its ``processing`` or jakarta.annotation;
    - a line of a comment begins with what a known generator says of its output (ANTLR, JavaCC, protocol
      buffers, JFlex, Thrift, Avro, SableCC, jOOQ, OpenAPI and others);
    - a comment both says "generated" and orders in capitals not to edit;

    or if its name is that of an EvoSuite test, or of a Randoop test whose body looks like one.

    Args:
        content: Bytes of the file.
        path: Path of the file, with forward slashes.
    """
    if _EVOSUITE.search(path):
        return "EvoSuite test"
    if _RANDOOP.search(path) and b"public static boolean debug = false;" in content:
        return "Randoop test"
    # Most files have none of the words; to look for them costs a tenth of reading the head.
    if not any(word in content for word in (b"enerated", b"GENERATED", b"$ANTLR")):
        return None
    imported = False
    for found in _HEAD.finditer(content):
        if found["type"]:
            return None
        if (comment := found["comment"]) and (reason := _of_comment(comment)):
            return reason
        imported |= found["import"] is not None
        name = found["annotation"]
        if name and (_QUALIFIED.fullmatch(name) or (imported and name == b"Generated")):
            return "annotation Generated"
    return None


def _of_comment(comment: bytes) -> str | None:
    if _STATEMENT.search(comment):
        return "says which tool generated it"
    if _ORDER.search(comment) and _CLAIM.search(comment):
        return "says that it is generated and not to be edited"
    return None
