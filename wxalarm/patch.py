"""A change of a file as a unified diff, as patch reads it."""

from __future__ import annotations


def unified(before: str, after: str, name: str, new_name: str | None = None) -> str:
    """The diff of one file, with three lines around each change; "" when nothing changes. new_name: in place of `name`
    for what comes after. Lines end at line feeds only (str.splitlines knows more ends than patch does)."""
    import difflib

    lines = difflib.unified_diff(_lines(before), _lines(after), name, new_name or name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    *whole, tail = text.split("\n")
    return [f"{line}\n" for line in whole] + ([tail] if tail else [])
