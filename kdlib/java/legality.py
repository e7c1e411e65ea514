r"""Which text can still follow a started Java assertion: a lexer and a bracket stack, stepped text by text.

What is called impossible cannot be continued to one Java statement; the reverse does not hold. Only brackets,
literals, comments and the statement's end are looked at, so that ``a b c (,);`` passes: necessary, not
sufficient. ``<`` and ``>`` are operators as often as brackets and count as neither. ``\u0022`` inside a
literal is six characters, not the quote that a compiler would see first (JLS 21 §3.3), as in the grammar that
finds the assertions.

A statement here is what an assertion can be: an expression, a declaration, ``assert``, or a block with what
follows it. One statement without braces inside another (``for (;;) f();``, ``if (a) f(); else g();``) is out
of scope, unless it stands in braces itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, auto


class Mode(StrEnum):
    """What the next character belongs to."""

    CODE = auto()
    SLASH = auto()  # after `/`: a comment or a division
    LINE_COMMENT = auto()
    BLOCK_COMMENT = auto()
    BLOCK_COMMENT_STAR = auto()
    QUOTE = auto()  # after `"`: a string or the start of `""`
    QUOTES = auto()  # after `""`: an empty string or a text block
    STRING = auto()
    STRING_ESCAPE = auto()
    CHARACTER = auto()
    CHARACTER_ESCAPE = auto()
    TEXT_START = auto()  # after `"""`, where only a line break may follow
    TEXT = auto()
    TEXT_QUOTE = auto()
    TEXT_QUOTES = auto()
    TEXT_ESCAPE = auto()


class End(StrEnum):
    """Whether the statement is over."""

    NO = auto()
    MAYBE = auto()  # after a closing brace: `{ … }` may stand alone, `new A() { … }` may not
    YES = auto()


_OPENING = {")": "(", "]": "[", "}": "{"}
_LINE_BREAKS = "\n\r"  # JLS 21 §3.4
_BLANK = " \t\f" + _LINE_BREAKS
# Next mode by character; None: no Java. "\n" stands for both line breaks, "" for all characters not named.
_NEXT: dict[Mode, dict[str, Mode | None]] = {
    Mode.CODE: {"/": Mode.SLASH, '"': Mode.QUOTE, "'": Mode.CHARACTER, "": Mode.CODE},
    Mode.SLASH: {"/": Mode.LINE_COMMENT, "*": Mode.BLOCK_COMMENT},
    Mode.LINE_COMMENT: {"\n": Mode.CODE, "": Mode.LINE_COMMENT},
    Mode.BLOCK_COMMENT: {"*": Mode.BLOCK_COMMENT_STAR, "": Mode.BLOCK_COMMENT},
    Mode.BLOCK_COMMENT_STAR: {"/": Mode.CODE, "*": Mode.BLOCK_COMMENT_STAR, "": Mode.BLOCK_COMMENT},
    Mode.QUOTE: {'"': Mode.QUOTES, "\\": Mode.STRING_ESCAPE, "\n": None, "": Mode.STRING},
    Mode.QUOTES: {'"': Mode.TEXT_START},
    Mode.STRING: {'"': Mode.CODE, "\\": Mode.STRING_ESCAPE, "\n": None, "": Mode.STRING},
    Mode.STRING_ESCAPE: {"\n": None, "": Mode.STRING},
    Mode.CHARACTER: {"'": Mode.CODE, "\\": Mode.CHARACTER_ESCAPE, "\n": None, "": Mode.CHARACTER},
    Mode.CHARACTER_ESCAPE: {"\n": None, "": Mode.CHARACTER},
    Mode.TEXT_START: {"\n": Mode.TEXT, **dict.fromkeys(" \t\f", Mode.TEXT_START), "": None},
    Mode.TEXT: {'"': Mode.TEXT_QUOTE, "\\": Mode.TEXT_ESCAPE, "": Mode.TEXT},
    Mode.TEXT_QUOTE: {'"': Mode.TEXT_QUOTES, "\\": Mode.TEXT_ESCAPE, "": Mode.TEXT},
    Mode.TEXT_QUOTES: {'"': Mode.CODE, "\\": Mode.TEXT_ESCAPE, "": Mode.TEXT},
    Mode.TEXT_ESCAPE: {"": Mode.TEXT},
}  # fmt: skip
_UNDECIDED = (Mode.SLASH, Mode.QUOTES)  # a character that they do not name is read as code


@dataclass(frozen=True, slots=True)
class Effect:
    """What a text does to any state of one mode, so that it needs no second reading.

    Attributes:
        needs: Closers of brackets that were open before, in order.
        pushes: Brackets that it leaves open, outermost first.
        mode: Mode after it.
        last: Its last character of code, "" if it adds none: blanks, comments, the inside of a literal.
        semicolon: How many of ``needs`` stand before its last ``;`` that has no brace of the text around it;
            None if there is none.
        ends: Whether that ``;`` can end the statement: nothing but blanks and comments follows.
    """

    needs: str
    pushes: str
    mode: Mode
    last: str
    semicolon: int | None
    ends: bool


@dataclass(frozen=True, slots=True)
class State:
    """Where a started statement stands; ``State()`` is its beginning.

    Attributes:
        mode: Lexical mode of the next character.
        stack: Open brackets, outermost first.
        end: Whether the statement is over.
    """

    mode: Mode = Mode.CODE
    stack: str = ""
    end: End = End.NO

    @property
    def complete(self) -> bool:
        """Whether the text may end here."""
        return self.mode in (Mode.CODE, Mode.LINE_COMMENT) and not self.stack and self.end is not End.NO

    def after(self, text: str) -> State | None:
        """Return the state after a text, or None if the text cannot follow."""
        effect = effect_of(self.mode, text)
        return None if effect is None else self.take(effect)

    def take(self, effect: Effect) -> State | None:
        """Return the state after a text of this effect, or None if the text cannot follow.

        Args:
            effect: Effect of the text in this state's mode.
        """
        if not effect.last:
            return replace(self, mode=effect.mode)
        opened = "".join(_OPENING[closer] for closer in reversed(effect.needs))
        if self.end is End.YES or not self.stack.endswith(opened):
            return None
        if effect.semicolon is not None:
            around = self.stack[: len(self.stack) - effect.semicolon]
            if "{" not in around and (around or not effect.ends):
                return None
        stack = self.stack[: len(self.stack) - len(effect.needs)] + effect.pushes
        end = End.NO if stack else {";": End.YES, "}": End.MAYBE}.get(effect.last, End.NO)
        return State(effect.mode, stack, end)

    def trimmed(self, depth: int) -> State:
        """Return a state that behaves like this one for all texts that close at most ``depth`` brackets.

        All further brackets become one: a brace if a brace is among them.
        """
        hidden = self.stack[: max(len(self.stack) - depth, 0)]
        if not hidden:
            return self
        return replace(self, stack=("{" if "{" in hidden else "(") + self.stack[len(hidden) :])


def effect_of(mode: Mode, text: str) -> Effect | None:
    """Return the effect of a text in any state of a mode, or None if it can follow in none.

    Args:
        mode: Mode before the text.
        text: Any part of a source; U+FFFD, which stands for part of a character, is like a letter.
    """
    needs = ""
    pushes = ""
    last = ""
    semicolon: int | None = None
    ends = False
    for char in text:
        following, code = _step(mode, char)
        if following is None:
            return None
        mode = following
        for mark in code:
            last = mark
            if mark == ";" and "{" not in pushes:
                # An earlier `;` outside braces is wrong if nothing is open around this one: it was in `( )`.
                ends = not pushes and (semicolon is None or "}" in needs[semicolon:])
                semicolon = len(needs)
                continue
            ends = False
            if mark in "([{":
                pushes += mark
            elif mark in _OPENING and not pushes:
                needs += mark
            elif mark in _OPENING:
                if pushes[-1] != _OPENING[mark]:
                    return None
                pushes = pushes[:-1]
    return Effect(needs, pushes, mode, last, semicolon, ends)


def _step(mode: Mode, char: str) -> tuple[Mode | None, str]:
    """Return the mode after a character, None if it cannot follow, and what code it made certain."""
    table = _NEXT[mode]
    key = "\n" if char in _LINE_BREAKS else char
    if mode in _UNDECIDED and key not in table:
        following, code = _step(Mode.CODE, char)
        return following, ("/" if mode is Mode.SLASH else "") + code
    following = table[key] if key in table else table[""]
    # A slash may still turn out to open a comment.
    is_code = mode is Mode.CODE and char not in _BLANK and char != "/"
    return following, char if is_code else ""
