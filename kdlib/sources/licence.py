"""Licences of source files, by their headers, as SPDX expressions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

HEAD = 4096
PUBLIC_DOMAIN = "LicenseRef-public-domain"  # SPDX has no id for it
_HINTS = (b"icen", b"ICEN", b"ublic domain", b"ublic Domain", b"Redistribution and use", b"SPDX")
_SPDX = re.compile(rb"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+\-() \t]*[A-Za-z0-9.+\-)])")
# Or a string, which may hold the signs of a comment and has no group.
_COMMENT = re.compile(rb'(/\*.*?(?:\*/|\Z)|//[^\n]*)|"(?:[^"\\\n]|\\.)*"', re.DOTALL)
_DECORATION = bytes.maketrans(b"*/#|", b"    ")
# All patterns below are for text in lower case, in which white space and comment signs are one blank each.
_VERSION = rb",? ?-? ?(?:version |v\.? ?)?"
_GNU = re.compile(
    rb"""(?: version\ (?P<first>[23](?:\.[01])?)\ of\ the\ )?
    gnu\ (?P<lesser>lesser\ |library\ )?general\ public\ license
    (?: .{0,160}?\b(?:version\ |v\.?\ ?)(?P<then>[23](?:\.[01])?)\b (?P<rest>.{0,100}) )?""",
    re.VERBOSE,
)
_LATER = re.compile(rb"\bor (?:\(?at your option\)?,? )?(?:any )?(?:later|newer|greater)\b")
_CLASSPATH = re.compile(rb"classpath\W{0,2} exception|linking this library statically or dynamically")
_CHOICE = re.compile(rb"\bdual(?:ly)?[- ]licen|\beither (?:of )?the |terms of either|alternatively")
# Each is looked for by a word first: most headers hold one of them at most.
_HEADERS = tuple(
    (word, re.compile(pattern), spdx)
    for word, pattern, spdx in (
        (b"apache", rb"apache (?:software )?license(?: \(the [^)]*\))?" + _VERSION + rb"2\.0", "Apache-2.0"),
        (b"license-2.0", rb"apache\.org licenses license-2\.0", "Apache-2.0"),
        (b"permission", rb"permission is hereby granted, free of charge, to any person obtaining", "MIT"),
        (b"mit ", rb"\b(?:under|of) (?:the )?(?:terms of (?:the )?)?mit license|\bmit licensed", "MIT"),
        (b"eclipse", rb"eclipse public license" + _VERSION + rb"1\.0|epl-v10", "EPL-1.0"),
        (b"eclipse", rb"eclipse public license" + _VERSION + rb"2\.0|epl-2\.0|epl-v20", "EPL-2.0"),
        (b"mozilla", rb"mozilla public license" + _VERSION + rb"1\.1|mpl 1\.1", "MPL-1.1"),
        (b"mozilla", rb"mozilla public license" + _VERSION + rb"2\.0|mpl 2\.0", "MPL-2.0"),
        (b"cddl", rb"distribution license(?!.{0,40}\b1\.1)(?!.*gpl_1_1)", "CDDL-1.0"),
        (b"cddl", rb"distribution license(?:.{0,40}\b1\.1|.*gpl_1_1)", "CDDL-1.1"),
        (b"unencumbered", rb"free and unencumbered software released into the public domain", "Unlicense"),
        (b"publicdomain", rb"creativecommons\.org publicdomain zero", "CC0-1.0"),
        (
            b"public domain",
            rb"\b(?:in|into|to) the public domain\b(?!.{0,80}publicdomain zero)",
            PUBLIC_DOMAIN,
        ),
    )
)
# These ask nothing, so beside another licence they do not matter.
_FREE = frozenset({PUBLIC_DOMAIN, "CC0-1.0", "Unlicense"})


def licence_of(content: bytes) -> str | None:
    """Return the licence that a file's header states, as an SPDX expression, or None if it says nothing.

    A line ``SPDX-License-Identifier`` wins. Else the well-known texts count: Apache-2.0, MIT, BSD-2-, 3- and
    4-Clause, EPL, MPL, CDDL, GPL (also with the classpath exception) and LGPL (``-only`` or ``-or-later``),
    CC0, Unlicense and ``LicenseRef-public-domain``. Several are joined by OR where the header speaks of a
    choice, else by AND; what is in the public domain is left out beside others.

    Args:
        content: Bytes of the file, of which the first 4096 are looked at.
    """
    head = b"\n" + content[:HEAD]
    if not any(hint in head for hint in _HINTS):
        return None
    header = head.partition(b"\npackage ")[0]
    if not any(hint in header for hint in _HINTS):
        header = b"\n".join(_COMMENT.findall(head))
    if spdx := _SPDX.search(header):
        return " ".join(spdx[1].decode().split())
    text = b" ".join(header.translate(_DECORATION).lower().split())
    found = list(dict.fromkeys(_stated(text)))
    found = [spdx for spdx in found if spdx not in _FREE] or found[:1]
    joint = " OR " if len(found) > 1 and _CHOICE.search(text) else " AND "
    return joint.join(sorted(found)) or None


def _stated(text: bytes) -> Iterator[str]:
    """Yield the ids of the licences that a header states."""
    for word, pattern, spdx in _HEADERS:
        if word in text and pattern.search(text):
            yield spdx
    if b"redistribution and use" in text or b"bsd" in text:
        yield from _bsd(text)
    if b"general public license" in text:
        yield from _gnu(text)


def _bsd(text: bytes) -> Iterator[str]:
    if b"redistribution and use in source and binary forms" not in text:
        if named := re.search(rb"bsd[- ]([234])[- ]clause|(new bsd)|(simplified bsd)", text):
            yield f"BSD-{(named[1] or b'').decode() or (3 if named[2] else 2)}-Clause"
    elif b"advertising materials" in text:
        yield "BSD-4-Clause"
    elif re.search(rb"endorse or promote|neither the name", text):
        yield "BSD-3-Clause"
    else:
        yield "BSD-2-Clause"


def _gnu(text: bytes) -> Iterator[str]:
    """Yield the first statement with a version for each of GPL and LGPL."""
    seen = set()
    for found in _GNU.finditer(text):
        name = "LGPL" if found["lesser"] else "GPL"
        version = (found["first"] or found["then"] or b"").decode()
        if not version or name in seen:
            continue
        seen.add(name)
        later = _LATER.search(found["rest"] or text[found.end() : found.end() + 100])
        spdx = f"{name}-{version if '.' in version else version + '.0'}-{'or-later' if later else 'only'}"
        exception = name == "GPL" and _CLASSPATH.search(text)
        yield f"{spdx} WITH Classpath-exception-2.0" if exception else spdx


def licence_allowed(licence: str, allowed: Collection[str] | None) -> bool:
    """Return whether a licence may be used, given the ids that may.

    ``A OR B`` needs one of both, ``A AND B`` both, ``A WITH E`` either itself or A, since an exception only
    adds permissions; WITH binds before AND, AND before OR, parentheses before all. Ids are compared without
    regard to case. What is no expression is not allowed, unless it is listed as it stands.

    Args:
        licence: SPDX expression.
        allowed: SPDX ids, also with exceptions; None allows everything.

    Reference:
        SPDX specification 2.3, annex D.
    """
    if allowed is None:
        return True
    listed = {" ".join(name.lower().split()) for name in allowed}
    tokens = re.findall(r"[()]|[^\s()]+", licence.lower())
    if " ".join(tokens) in listed:
        return True
    verdict, rest = _either(tokens, listed)
    return verdict and not rest


def _either(tokens: list[str], listed: Collection[str]) -> tuple[bool, list[str]]:
    """Return the value of ``a or b …`` at the start of the tokens, and the tokens behind it."""
    value, rest = _both(tokens, listed)
    while rest[:1] == ["or"]:
        other, rest = _both(rest[1:], listed)
        value = value or other
    return value, rest


def _both(tokens: list[str], listed: Collection[str]) -> tuple[bool, list[str]]:
    value, rest = _one(tokens, listed)
    while rest[:1] == ["and"]:
        other, rest = _one(rest[1:], listed)
        value = value and other
    return value, rest


def _one(tokens: list[str], listed: Collection[str]) -> tuple[bool, list[str]]:
    if tokens[:1] == ["("]:
        value, rest = _either(tokens[1:], listed)
        return value and rest[:1] == [")"], rest[1:]
    if tokens[1:2] == ["with"]:
        return " ".join(tokens[:3]) in listed or tokens[0] in listed, tokens[3:]
    return tokens[:1] != [] and tokens[0] in listed, tokens[1:]
