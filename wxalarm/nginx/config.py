"""One configuration: the main file with its includes put in their places. Files are fetched by the caller."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from wxalarm import bounds
from wxalarm.nginx.syntax import ConfigProblem, Directive, SyntaxProblem, read
from wxalarm.prompts import LONG

Fetch = Callable[[str], Sequence[tuple[str, str]]]
"""An absolute path or glob pattern → (path, text) of the files it names, sorted by path; nothing when there is none."""

_PROMPT = re.compile(LONG + r"(?s:.*)", re.MULTILINE)
"""The prompt behind what was copied from a terminal, and what was typed there: no line of a configuration begins so."""
_DUMPED = re.compile(r"^# configuration file (.+):\n", re.MULTILINE)


_ONE = ("root", "alias", "proxy_pass", "fastcgi_pass", "uwsgi_pass", "ssl_certificate", "ssl_certificate_key")
"""Directives with one argument."""
_NEXT = frozenset(_ONE) | {
    *(
        "server_name",
        "listen",
        "index",
        "access_log",
        "error_log",
        "client_max_body_size",
        "proxy_set_header",
        "include",
    ),
    *(
        "proxy_read_timeout",
        "proxy_connect_timeout",
        "fastcgi_param",
        "fastcgi_index",
        "try_files",
        "return",
        "rewrite",
    ),
}
"""What stands at the beginning of a line is one of these, and no argument."""


def unended(directive: Directive, text: str) -> ConfigProblem | None:
    """That a directive has taken in the next line, because its `;` is missing: as nginx says it, which names the line
    of the next `;`. Directives that may have any number of arguments are right for nginx even so."""
    if directive.name != "listen" and directive.name not in _ONE:
        return None
    lines = text[directive.start : directive.end].split("\n")
    word = next((line.split()[0] for line in lines[1:] if line.split() and line.split()[0] in _NEXT), None)
    if word is None or word not in directive.args:
        return None
    taken = f'invalid number of arguments in "{directive.name}" directive'
    message = f'invalid parameter "{word}"' if directive.name == "listen" else taken
    return ConfigProblem(message, directive.file, directive.line + len(lines) - 1)


class Config(Struct, frozen=True):
    """A whole configuration. `problems` holds what stopped the reader; the rest has been read all the same. An
    `include` among the directives is one whose file is not there."""

    directives: tuple[Directive, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    """Every file read, by path, in the order in which nginx opens them."""
    problems: tuple[ConfigProblem, ...] = ()
    fragment: str | None = None
    """"server" or "location": the text is what an http or a server block includes, and was put into one."""

    def main(self, name: str) -> Directive | None:
        """The directive (or block) of this name at the top level; the last one."""
        found = None
        for directive in self.directives:
            if directive.name == name:
                found = directive
        return found

    @property
    def http(self) -> Directive | None:
        """The http block."""
        return self.main("http")

    def walk(self) -> Iterator[Directive]:
        """Every directive, outer before inner."""
        todo = list(reversed(self.directives))
        while todo:
            directive = todo.pop()
            yield directive
            todo.extend(reversed(directive.block or ()))


def load(path: str, fetch: Fetch, absent: Collection[str] = ()) -> Config:
    """The configuration whose main file is `path`. Relative includes are relative to its folder, as in nginx. absent:
    glob patterns of which it is not known that they name nothing, as their folder is not here.

    Raises Beyond for one that is larger, or deeper, than the bounds.
    """
    state = _Load(posixpath.dirname(path), fetch, absent)
    found = fetch(path)
    if not found:
        return Config((), {}, (ConfigProblem(f'open() "{path}" failed', path, 0),))
    directives = state.read(found[0][0], found[0][1], 0, 0)
    directives, fragment = _whole(directives, found[0][0])
    return Config(directives, state.files, tuple(state.problems), fragment)


_ALONE = ("http", "events", "stream", "mail", "worker_processes", "daemon", "user", "pid", "error_log")
"""Directives that say that a text is a whole configuration."""
_ANYWHERE = (("listen", "80"), ("listen", "443", "ssl"), ("server_name", "~."))
"""What a server is given of which only the inside is known: it answers for every name."""


def _whole(directives: tuple[Directive, ...], path: str) -> tuple[tuple[Directive, ...], str | None]:
    """(directives, fragment): a fragment in the blocks that would hold it. Those have no place in any file."""
    names = {directive.name for directive in directives if directive.block is not None}
    if any(directive.name in _ALONE for directive in directives) or not names & {"server", "location", "upstream"}:
        return directives, None
    if "server" in names or "location" not in names:
        return (Directive("http", (), path, 1, block=directives),), "server"
    listening = tuple(Directive(name, tuple(args), path, 1) for name, *args in _ANYWHERE)
    server = Directive("server", (), path, 1, block=(*listening, *directives))
    return (Directive("http", (), path, 1, block=(server,)),), "location"


def parse(text: str, path: str = "nginx.conf") -> Config:
    """A configuration that is one text; its includes are left as they stand."""
    return load(path, lambda wanted: [(path, text)] if wanted == path else [])


class _Load:
    def __init__(self, folder: str, fetch: Fetch, absent: Collection[str]) -> None:
        self.folder, self.fetch, self.absent = folder, fetch, absent
        self.files: dict[str, str] = {}
        self.problems: list[ConfigProblem] = []
        self.reads = self.characters = 0

    def read(self, path: str, text: str, depth: int, level: int) -> tuple[Directive, ...]:
        self.reads += 1
        self.characters += len(text)
        if self.reads > bounds.NGINX_FILES:  # each file as often as it is included
            raise bounds.Beyond("nginx-files", bounds.NGINX_FILES)
        if self.characters > bounds.NGINX_TOTAL:
            raise bounds.Beyond("nginx-size", bounds.NGINX_TOTAL)
        self.files.setdefault(path, text)
        try:
            directives = read(text, path)
        except SyntaxProblem as error:
            self.problems.append(error.problem)
            return ()
        return self.expand(directives, depth, level)

    def expand(self, directives: Sequence[Directive], depth: int, level: int) -> tuple[Directive, ...]:
        """The directives with all includes in their places. depth: files around them, level: blocks."""
        if level > bounds.NGINX_NESTING:
            raise bounds.Beyond("nginx-nesting", bounds.NGINX_NESTING)
        result: list[Directive] = []
        for directive in directives:
            if directive.name == "include" and len(directive.args) == 1 and directive.block is None:
                result.extend(self.include(directive, depth, level))
            elif directive.block:
                result.append(replace(directive, block=self.expand(directive.block, depth, level + 1)))
            else:
                if (problem := unended(directive, self.files[directive.file])) is not None:
                    self.problems.append(problem)
                result.append(directive)
        return tuple(result)

    def include(self, directive: Directive, depth: int, level: int) -> Iterator[Directive]:
        if depth >= bounds.NGINX_INCLUDES:
            raise bounds.Beyond("nginx-includes", bounds.NGINX_INCLUDES)
        pattern = posixpath.join(self.folder, directive.args[0])
        found = self.fetch(pattern)
        if not found and not is_glob(pattern):
            message = f'open() "{pattern}" failed'
            # nginx names the line of the `;`
            line = directive.line + self.files[directive.file].count("\n", directive.start, directive.end)
            self.problems.append(ConfigProblem(message, directive.file, line))
        if not found and (not is_glob(pattern) or pattern in self.absent):
            yield directive  # stands where it is: what it holds would stand there
        for path, text in found:
            yield from self.read(path, text, depth + 1, level)


def is_glob(pattern: str) -> bool:
    """Whether nginx treats the name as a pattern (strpbrk "*?[")."""
    return any(char in pattern for char in "*?[")


def from_dump(dump: str) -> tuple[str, dict[str, str]]:
    """The output of `nginx -T` → the main file's path and every file's text. Raises ValueError when it is none."""
    heads = list(_DUMPED.finditer(dump))
    if not heads:
        raise ValueError("no line '# configuration file …:'")
    files: dict[str, str] = {}
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        text = dump[head.end() : after.start() if after else len(dump)]
        files[head[1]] = (text if after else _PROMPT.sub("", text)).removesuffix("\n")
    return heads[0][1], files


def fetch_from(files: Mapping[str, str]) -> Fetch:
    """A Fetch over texts that are already here: patterns match as glob(3) does."""

    def fetch(pattern: str) -> list[tuple[str, str]]:
        if pattern in files:
            return [(pattern, files[pattern])]
        return [(path, files[path]) for path in sorted(files) if matches_glob(path, pattern)]

    return fetch


def matches_glob(path: str, pattern: str) -> bool:
    """glob(3) on one path: `*` stops at a slash, and does not match a leading dot."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(
        fnmatch.fnmatchcase(part, want) and (not part.startswith(".") or want.startswith("."))
        for part, want in zip(parts, wanted, strict=True)
    )
