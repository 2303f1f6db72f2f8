"""The exact edit as a unified diff. Nothing is ever applied: the diff is for people (or `patch -d / -p1`) to use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from wxalarm.nginx.syntax import Directive
from wxalarm.patch import unified


class Edit(Struct, frozen=True):
    """Replace text[start:end] of a file."""

    file: str
    start: int
    end: int
    text: str


def rewrite(directive: Directive, text: str) -> Edit:
    """The directive (with its `;`, without its block) becomes `text`."""
    return Edit(directive.file, directive.start, directive.end, text)


def put_first(block: Directive, text: str, source: str) -> Edit:
    """A new line right behind the `{` of a block, indented as its first line is."""
    inner = (block.block or ())[:1]
    indent = (
        _indent(source, inner[0].start)
        if inner and inner[0].file == block.file
        else _indent(source, block.start) + "    "
    )
    return Edit(block.file, block.end, block.end, f"\n{indent}{text}")


def put_behind(directive: Directive, text: str, source: str) -> Edit:
    """A new line behind a simple directive, indented as it is."""
    return Edit(directive.file, directive.end, directive.end, f"\n{_indent(source, directive.start)}{text}")


def put_before(directive: Directive, text: str, source: str) -> Edit:
    """A new line in front of a directive, indented as it is."""
    return Edit(directive.file, directive.start, directive.start, f"{text}\n{_indent(source, directive.start)}")


def put_top(file: str, text: str) -> Edit:
    """A new first line."""
    return Edit(file, 0, 0, f"{text}\n")


def comment_out(directive: Directive, source: str) -> Edit:
    """A simple directive becomes a comment; it goes away where a comment would swallow what follows on its line."""
    rest = source[directive.end :].partition("\n")[0].strip()
    own = source[directive.start : directive.end]
    text = "" if rest and not rest.startswith("#") else "# " + own.replace("\n", "\n# ")
    return Edit(directive.file, directive.start, directive.end, text)


def diff(edits: Iterable[Edit], files: Mapping[str, str]) -> str:
    """The edits of any files as one unified diff; "" when a file's text is not known."""
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.file, []).append(edit)
    return "".join(
        unified(files[file], apply(own, files[file]), file) for file, own in by_file.items() if file in files
    )


def apply(edits: Iterable[Edit], source: str) -> str:
    """The text with the edits made; those at one place come out in the order given."""
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        pieces += [source[at : edit.start], edit.text]
        at = edit.end
    return "".join((*pieces, source[at:]))


def _indent(source: str, offset: int) -> str:
    line = source[source.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]
