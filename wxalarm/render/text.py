"""Untrusted text made safe and measurable for a terminal. Nothing here knows of reports."""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, chop_cells

INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories of characters that move the cursor, hide or reorder what stands around them."""
LONGEST = 900
"""Characters of one sentence; evidence may quote a body of a mebibyte."""


def visible(text: str, *, keep_newlines: bool = False) -> str:
    r"""The text with every control, format and surrogate character spelled out (\x1b, \u202e), line breaks too
    unless `keep_newlines`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char, keep_newlines) for char in text)


def verbatim(text: str) -> list[str]:
    """The lines of a command or a diff, visible; a tab stays, since spelled out it would spoil the diff."""
    return ["\t".join(map(visible, line.split("\t"))) for line in text.removesuffix("\n").split("\n")]


def _shown(char: str, keep_newlines: bool) -> str:
    if char == "\n" and keep_newlines:
        return char
    if unicodedata.category(char) not in INVISIBLE:
        return char
    code = ord(char)
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    return named or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


_SGR = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36}
"""Parameters of ECMA-48's SELECT GRAPHIC RENDITION."""


def styled(text: str, style: str, color: bool = True) -> str:
    """The text in a style of words ("bold red") for a terminal; as it is without `color`, text or style."""
    if not (color and text and style):
        return text
    return f"\x1b[{';'.join(map(str, sorted({_SGR[word] for word in style.split()})))}m{text}\x1b[0m"


def shorten(text: str, limit: int = LONGEST) -> str:
    """At most `limit` characters, with "…" where something was left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


_OPENING = "“‘（《〈「『【"
_CLOSING = "”’），。；：、！？》〉」』】…"
_UNIT = re.compile(rf"[{_OPENING}]*(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef{_OPENING}{_CLOSING}]+)?[{_CLOSING}]* *|.")
"""What a line is never broken inside: a Latin word or one Chinese character, with the punctuation that clings to it."""


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns. Chinese breaks between any two characters, but no line begins with closing
    punctuation or ends with opening punctuation; Latin words stay whole unless one is wider than a line."""
    lines, line = [], ""
    for unit in (found[0] for found in _UNIT.finditer(text)):
        if line and cell_len(line) + cell_len(unit.rstrip(" ")) > width:
            lines.append(line.rstrip(" "))
            line = ""
        *full, unit = chop_cells(unit, width) if cell_len(unit) > width else [unit]
        lines += full
        line += unit
    return [*lines, line.rstrip(" ")]
