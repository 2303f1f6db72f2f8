"""Text → directives, by the rules of nginx's own reader (ngx_conf_read_token in src/core/ngx_conf_file.c).

What nginx refuses here is refused here, at the same place and in the same words; what a directive means is not
looked at. Blocks of `…_by_lua_block` directives (OpenResty) are skipped as text: their braces are Lua's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from wxalarm import bounds
from wxalarm.patterns import compiled

_BLANK = compiled(r"(?:[ \t\r\n]++|#[^\n]*+)++")
_WORD = compiled(r"(?:[^ \t\r\n;{\\$]++|\\[\s\S]|\$\{*+)++")
_QUOTED = {'"': compiled(r'"((?:[^"\\]++|\\[\s\S])*+)"'), "'": compiled(r"'((?:[^'\\]++|\\[\s\S])*+)'")}
_ESCAPE = compiled(r"""\\(["'\\trn])""")
_ESCAPED = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}
_BREAKS = compiled(r"""\A\Z|\A["'#}]|[\s;]|(?<!\$)\{|\\(?:["'\\trn]|\Z)""")
"""What nginx would not read back as the same word without quotes."""
_FLAT = ("types", "map", "geo", "split_clients", "charset_map")
"""Blocks of lines that nginx gives to a handler of their own: no block may stand inside."""
_LUA = compiled(
    r"""(?:--)?+\[(?P<level>=*+)\[ | --[^\n]*+
      | "(?:[^"\\\n]++|\\[\s\S])*+" | '(?:[^'\\\n]++|\\[\s\S])*+' | [{}] | [^-\["'{}]++ | [\s\S]""",
    re.VERBOSE,
)


class Directive(Struct, frozen=True):
    """One directive with its place. `block` is None for a simple one (`listen 80;`), a tuple for `server {…}`."""

    name: str
    args: tuple[str, ...]
    """The arguments with quotes and escapes resolved."""
    file: str
    line: int
    """The line of its name; lines count from 1."""
    start: int = 0
    """Where its name begins in the file's text, in characters."""
    end: int = 0
    """Behind its `;`, or behind the `{` of a block."""
    block: tuple[Directive, ...] | None = None
    close: int = 0
    """Where the closing brace of its block stands."""

    @property
    def place(self) -> str:
        """FILE:LINE, as nginx prints it."""
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        """The directive in one line, without its block."""
        return " ".join((self.name, *self.args))

    def all(self, *names: str) -> Iterator[Directive]:
        """The directives directly inside this block with one of these names, in order."""
        return (child for child in self.block or () if child.name in names)

    def last(self, name: str) -> Directive | None:
        """The directive of this name directly inside this block; the last one where nginx allows several."""
        return next((child for child in reversed(self.block or ()) if child.name == name), None)


class ConfigProblem(Struct, frozen=True):
    """Why nginx would not read the text: nginx's own words, and the place."""

    message: str
    file: str
    line: int


class SyntaxProblem(Exception):
    """The text is not nginx configuration. Carries the ConfigProblem, and what had been read before it."""

    def __init__(self, problem: ConfigProblem) -> None:
        super().__init__(f"{problem.message} in {problem.file}:{problem.line}")
        self.problem = problem


class _Open(Struct):
    """A block that is not closed yet."""

    name: str
    args: tuple[str, ...]
    line: int
    start: int
    end: int
    children: list[Directive] = field(default_factory=list)


class _Reader:
    """One pass over one text."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.at = 0
        self.line = 1
        self._counted = 0

    def line_at(self, offset: int) -> int:
        """The line of an offset that is not before the last one asked for."""
        self.line += self.text.count("\n", self._counted, offset)
        self._counted = offset
        return self.line

    def problem(self, message: str, offset: int | None = None) -> SyntaxProblem:
        line = self.text.count("\n", 0, self.at if offset is None else offset) + 1
        return SyntaxProblem(ConfigProblem(message, self.file, line))

    def word(self) -> str:
        """One token at the current place, which is neither blank nor one of ; { }."""
        quote = _QUOTED.get(self.text[self.at])
        if quote is None:
            match = _WORD.match(self.text, self.at)
            if match is None:  # a backslash at the very end
                raise self.problem('unexpected end of file, expecting ";" or "}"', len(self.text))
            self.at = match.end()
            return _unescape(match[0])
        match = quote.match(self.text, self.at)
        if match is None:
            raise self.problem('unexpected end of file, expecting ";" or "}"', len(self.text))
        self.at = match.end()
        after = self.text[self.at : self.at + 1]
        if after and after not in " \t\r\n;{)":
            raise self.problem(f'unexpected "{after}"')
        return _unescape(match[1])

    def skip_lua(self) -> None:
        """From behind `{` to behind its `}`, over Lua strings, comments and inner braces."""
        depth = 1
        open_levels: set[str] = set()
        while depth:
            match = _LUA.match(self.text, self.at)
            if match is None:
                raise self.problem('unexpected end of file, expecting "}"', len(self.text))
            self.at = match.end()
            if (level := match["level"]) is not None:
                closing = f"]{level}]"
                end = -1 if level in open_levels else self.text.find(closing, self.at)
                if end >= 0:
                    self.at = end + len(closing)
                    continue
                open_levels.add(level)  # no later one is closed either
                newline = self.text.find("\n", self.at) if match[0].startswith("--") else match.start() + 1
                self.at = len(self.text) if newline < 0 else newline
                continue
            depth += {"{": 1, "}": -1}.get(match[0], 0)

    def read(self) -> tuple[Directive, ...]:
        text = self.text
        stack = [_Open("", (), 1, 0, 0)]
        words: list[str] = []
        start = line = 0
        while True:
            if blank := _BLANK.match(text, self.at):
                self.at = blank.end()
            if self.at >= len(text):
                break
            char = text[self.at]
            if char == "}":
                if words or len(stack) == 1:
                    raise self.problem('unexpected "}"')
                done = stack.pop()
                stack[-1].children.append(
                    Directive(
                        done.name, done.args, self.file, done.line, done.start, done.end, tuple(done.children), self.at
                    )
                )
                self.at += 1
            elif char in ";{":
                if not words or (char == "{" and stack[-1].name in _FLAT):
                    raise self.problem(f'unexpected "{char}"')
                self.at += 1
                name, args = words[0], tuple(words[1:])
                words = []
                if char == ";":
                    stack[-1].children.append(Directive(name, args, self.file, line, start, self.at))
                elif name.endswith("_by_lua_block"):
                    end = self.at
                    self.skip_lua()
                    stack[-1].children.append(Directive(name, args, self.file, line, start, end, (), self.at - 1))
                else:
                    if len(stack) > bounds.NGINX_NESTING:
                        raise bounds.Beyond("nginx-nesting", bounds.NGINX_NESTING)
                    stack.append(_Open(name, args, line, start, self.at))
            else:
                if not words:
                    start, line = self.at, self.line_at(self.at)
                words.append(self.word())
        if words:
            raise self.problem('unexpected end of file, expecting ";" or "}"')
        if len(stack) > 1:
            raise self.problem('unexpected end of file, expecting "}"')
        return tuple(stack[0].children)


def _unescape(word: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED[match[1]], word) if "\\" in word else word


def quoted(word: str) -> str:
    """A word as it must be written for nginx to read it as such."""
    return '"' + re.sub(r'(["\\])', r"\\\1", word) + '"' if _BREAKS.search(word) else word


def read(text: str, file: str = "nginx.conf") -> tuple[Directive, ...]:
    """The directives of one file, `include` not followed. Raises SyntaxProblem with nginx's message and place, and
    Beyond for blocks that are too deep."""
    return _Reader(text, file).read()


def mend_slash_comments(text: str) -> tuple[str, list[int]]:
    """Comments written `// …` where a directive should begin, made into `# …`: (the text, the lines of them).

    nginx takes `//` for the name of a directive. A token that merely begins so inside a directive is left alone.
    """
    reader = _Reader(text, "")
    found: list[int] = []
    first = True
    while True:
        if blank := _BLANK.match(text, reader.at):
            reader.at = blank.end()
        if reader.at >= len(text):
            break
        char = text[reader.at]
        if char in ";{}":
            first = True
            reader.at += 1
        elif first and text.startswith("//", reader.at):
            found.append(reader.at)
            end = text.find("\n", reader.at)
            reader.at = len(text) if end < 0 else end
        else:
            first = False
            try:
                reader.word()
            except SyntaxProblem:
                break
    pieces, last = [], 0
    for offset in found:
        pieces.append(text[last:offset] + "#")
        last = offset + 2
    return "".join((*pieces, text[last:])), list(_lines_of(text, found))


def _lines_of(text: str, offsets: Iterable[int]) -> Iterator[int]:
    """The lines of rising offsets."""
    line, last = 1, 0
    for offset in offsets:
        line += text.count("\n", last, offset)
        last = offset
        yield line
