"""What happens to one request: server, rewrites, location, rewrites again, content; as far as the text alone tells.

Follows the order of nginx's phases (server rewrite → find location → rewrite → access → try_files → content). Files are
taken as absent, which is what a callback of an application is; a condition on an unknown variable is taken as false
and remembered in `unknown`. Where such a one may have turned the push away from a bad end, the outcome is unknown.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from wxalarm.bounds import whole
from wxalarm.nginx import locations, pattern
from wxalarm.nginx.config import Config
from wxalarm.nginx.maps import define
from wxalarm.nginx.request import Request
from wxalarm.nginx.servers import Choice, choose, servers
from wxalarm.nginx.syntax import Directive

MAX_CYCLES = 10
"""nginx gives up with 500 after ten rounds of internal redirects."""
HANDLERS = (
    *locations.PASSES,
    "content_by_lua",
    "content_by_lua_block",
    "content_by_lua_file",
    "js_content",
    "echo",
    "perl",
    "stub_status",
    "empty_gif",
    "dav_methods",
    "push_stream_publisher",
)
"""Directives that answer in the content phase."""


SCRIPTS = (".php", ".jsp", ".asp", ".aspx")
"""What a path ends in that is no file to be sent."""


class Outcome(Struct, frozen=True):
    """How nginx answers."""

    kind: str
    """return, redirect, slash, pass, handler, static, cycle, unknown."""
    directive: Directive | None = None
    """The directive that decides."""
    status: int | None = None
    target: str | None = None
    """Where a redirect leads, as written; the address of a pass."""


class Route(Struct, frozen=True):
    """The way of one request through a configuration."""

    choice: Choice
    chain: tuple[Directive, ...]
    """http, server, location…, if…: outermost first; what is inherited is looked up from the end."""
    outcome: Outcome
    path: str
    """$uri at the end, after rewrites."""
    rewrites: tuple[Directive, ...]
    """The directives that changed the path on the way."""
    unknown: tuple[Directive, ...]
    """Conditions that could not be judged."""
    request: Request
    """The request with the variables that were set on the way."""
    args: str
    """$args at the end."""

    def value(self, text: str) -> str | None:
        """A text with its variables replaced as they are at the end; None when one of them cannot be known."""
        return self.request.expand(text, self.path, self.args)

    @property
    def location(self) -> Directive | None:
        """The innermost location; None when the server itself answers."""
        return next((level for level in reversed(self.chain) if level.name == "location"), None)

    def inherited(self, *names: str) -> tuple[Directive, ...]:
        """The directives of these names in force here: those of the innermost level that has any, in order."""
        return _inherited(self.chain, *names)

    def one(self, name: str) -> Directive | None:
        """The last of `inherited`."""
        found = self.inherited(name)
        return found[-1] if found else None


def _inherited(chain: Sequence[Directive], *names: str) -> tuple[Directive, ...]:
    return next((found for level in reversed(chain) if (found := tuple(level.all(*names)))), ())


def error_page(chain: Sequence[Directive], *statuses: int) -> Directive | None:
    """The error_page in force for one of these statuses that also changes the status (`=`); None: the status stays."""
    wanted = {str(status) for status in statuses}
    pages = (page for page in _inherited(chain, "error_page") if wanted & set(page.args[:-1]))
    page = next(pages, None)
    return page if page is not None and any(arg.startswith("=") for arg in page.args[:-1]) else None


def route(config: Config, request: Request) -> Route | None:
    """How `config` answers `request`; None when no server of it can. Raises Beyond for what takes too many steps."""
    choice = choose(servers(config), request.host, request.port, request.address)
    if choice is None:
        return None
    known = {"server_name": choice.server.names[0], **request.variables}
    blocks = define(choice.server.http)
    return _Walk(replace(request, variables=known, blocks=blocks), choice).run()


class _Walk:
    def __init__(self, request: Request, choice: Choice) -> None:
        self.request, self.choice = request, choice
        self.http, self.server = choice.server.http, choice.server.block
        self.uri, self.args = request.path, request.args
        self.rewrites: list[Directive] = []
        self.unknown: list[Directive] = []
        self.paged = False
        """An error_page has been followed: nginx follows no other, unless they are recursive."""

    def run(self) -> Route:
        chain: tuple[Directive, ...] = (self.http, self.server)
        name: str | None = None
        anew = True  # an internal redirect begins with the server's rewrites; a rewrite goes on with the location
        for turn in range(MAX_CYCLES + 1):
            outcome: Outcome | None = None
            if anew:
                outcome, _, chain = self.rewrite_phase(self.server, (self.http, self.server))
            if outcome is None:
                outcome, chain, name, anew = self.round(name, turn > 0 or bool(self.rewrites))
            if outcome is not None:
                outcome, name, anew = self.page(chain, outcome)
            if outcome is not None:
                return self.route(chain, outcome)
        return self.route(chain, Outcome("cycle", None, 500))

    def round(self, name: str | None, internal: bool) -> tuple[Outcome | None, tuple[Directive, ...], str | None, bool]:
        """One location: (the answer, or None to go on; the chain; the named location to go to; whether anew)."""
        chain, outcome = self.locate(name)
        if outcome is not None:
            return outcome, chain, None, False
        here, before = chain[-1], self.uri
        if not internal and here.name == "location" and (hidden := here.last("internal")):
            return Outcome("return", hidden, 404), chain, None, False
        stop, flag, chain = self.rewrite_phase(here, chain) if here is not self.server else (None, "", chain)
        if stop is not None or flag == "last" or (self.uri != before and flag != "break"):
            return stop, chain, None, False
        outcome, name = self.content(chain)
        return outcome, chain, name, name is None

    def page(self, chain: tuple[Directive, ...], outcome: Outcome) -> tuple[Outcome | None, str | None, bool]:
        """(the answer, or None to go on; the named location to go to; whether anew): where `error_page … =` leads."""
        if outcome.kind == "static" and self.paged:
            return Outcome("unknown", outcome.directive), None, False  # asked by GET: the file may be there
        status, plain = outcome.status, outcome.kind == "return" and outcome.target is None
        page = error_page(chain, status) if status not in (None, 444) and outcome.directive is not None else None
        if page is None or self.paged or (outcome.kind == "return" and not plain):
            return outcome, None, False
        recursive = _inherited(chain, "recursive_error_pages")
        self.paged = not recursive or recursive[-1].args != ("on",)
        target = self.request.expand(page.args[-1], self.uri, self.args)
        if not plain or not {"=", "=200"} & set(page.args) or target is None:
            return Outcome("unknown", page), None, False
        if target.startswith("@"):
            return None, target, False
        if not target.startswith("/"):
            return Outcome("redirect", page, 302, page.args[-1]), None, False
        self.uri, _, self.args = target.partition("?")
        self.request = replace(self.request, method="GET")
        return None, None, True

    def route(self, chain: tuple[Directive, ...], outcome: Outcome) -> Route:
        rewrites, unknown = tuple(self.rewrites), tuple(self.unknown)
        if outcome.kind not in ("pass", "handler") and (turn := next(filter(_turns, unknown), None)):
            outcome = Outcome("unknown", turn)
        return Route(self.choice, chain, outcome, self.uri, rewrites, unknown, self.request, self.args)

    def locate(self, name: str | None) -> tuple[tuple[Directive, ...], Outcome | None]:
        top: tuple[Directive, ...] = (self.http, self.server)
        if name is not None:
            location = locations.named(self.server, name)
            return (*top, location) if location else top, None if location else Outcome("return", None, 500)
        found = locations.find(self.server, self.uri)
        for number, group in enumerate(found.captures):
            self.request.variables[str(number)] = group
        chain = (*top, *found.chain)
        if found.untold is not None:
            return chain, Outcome("unknown", found.untold)
        if found.adds_slash:
            return chain, Outcome("slash", chain[-1], 301, self.uri + "/")
        return chain, None

    # --- rewrite ---

    def rewrite_phase(
        self, block: Directive, chain: tuple[Directive, ...]
    ) -> tuple[Outcome | None, str, tuple[Directive, ...]]:
        """Runs the rewrite directives in order: (the answer, "last", "break" or "", the chain with the if taken)."""
        outer = chain
        for directive in block.block or ():
            outcome, flag = None, ""
            if directive.name == "return":
                outcome = self.answer(directive)
            elif directive.name == "set" and len(directive.args) == 2:
                self.set(directive)
            elif directive.name == "rewrite" and len(directive.args) >= 2:
                outcome, flag = self.rewrite(directive)
            elif directive.name == "break":
                flag = "break"
            elif directive.name == "if" and self.holds(directive):
                chain = (*outer, directive)  # the last true one is in force alone
                outcome, flag, chain = self.rewrite_phase(directive, chain)
            if outcome is not None or flag:
                return outcome, flag, chain
        return None, "", chain

    def set(self, directive: Directive) -> None:
        name = directive.args[0].removeprefix("$")
        value = self.request.expand(directive.args[1], self.uri, self.args)
        if value is None:
            self.request.variables.pop(name, None)
        else:
            self.request.variables[name] = value

    def answer(self, directive: Directive) -> Outcome | None:
        args = directive.args
        if not args:
            return None
        status = whole(args[0])
        if status is None:
            return Outcome("redirect", directive, 302, args[0])
        if status in (301, 302, 303, 307, 308) and len(args) > 1:
            return Outcome("redirect", directive, status, args[1])
        return Outcome("return", directive, status, args[1] if len(args) > 1 else None)

    def rewrite(self, directive: Directive) -> tuple[Outcome | None, str]:
        compiled = pattern.compile(directive.args[0])
        if compiled is None:
            return Outcome("unknown", directive), ""
        match = compiled.search(self.uri)
        if match is None:
            return None, ""
        for number, group in enumerate(match.groups):
            self.request.variables[str(number)] = group or ""
        for name, group in match.names.items():
            self.request.variables[name] = group or ""
        new, flag = directive.args[1], directive.args[2] if len(directive.args) > 2 else ""
        if flag in ("redirect", "permanent") or new.startswith(("http://", "https://", "$scheme")):
            return Outcome("redirect", directive, 301 if flag == "permanent" else 302, new), ""
        path, question, query = new.partition("?")
        self.uri = self.request.expand(path, self.uri, self.args) or "/"
        if question and not query:
            self.args = ""
        elif question:
            drop = query.endswith("?")
            own = self.request.expand(query.removesuffix("?"), self.uri, self.args) or ""
            self.args = own if drop or not self.args else f"{own}&{self.args}"
        self.rewrites.append(directive)
        return None, flag

    def holds(self, directive: Directive) -> bool:
        """Whether an `if` is true for this request; one that cannot be known counts as false and is remembered."""
        words = list(directive.args)
        if words and words[0].startswith("("):
            words[0] = words[0][1:]
        if words and words[-1].endswith(")"):
            words[-1] = words[-1][:-1]
        words = [word for index, word in enumerate(words) if word or 0 < index < len(words) - 1]
        result = self.condition(words)
        if result is None:
            self.unknown.append(directive)
        return bool(result)

    def condition(self, words: Sequence[str]) -> bool | None:
        if len(words) == 2 and words[0].lstrip("!") in ("-f", "-d", "-e", "-x"):
            return words[0].startswith("!")  # files are taken as absent
        if not words or not words[0].startswith("$"):
            return None
        value = self.request.expand(words[0], self.uri, self.args)
        if value is None:
            return None
        if len(words) == 1:
            return value not in ("", "0")
        operator, right = words[1], words[2] if len(words) > 2 else ""
        if operator in ("=", "!="):
            expected = self.request.expand(right, self.uri, self.args)
            return None if expected is None else (value == expected) == (operator == "=")
        if operator in ("~", "~*", "!~", "!~*"):
            compiled = pattern.compile(right, operator.endswith("*"))
            if compiled is None:
                return None
            match = compiled.search(value)
            if match and not operator.startswith("!"):
                for number, group in enumerate(match.groups):
                    self.request.variables[str(number)] = group or ""
            return (match is not None) != operator.startswith("!")
        return None

    # --- content ---

    def content(self, chain: tuple[Directive, ...]) -> tuple[Outcome | None, str | None]:
        """(the answer, or None to search again; then the named location to go to, if it is one)."""
        here = chain[-1]
        # Not inherited from an outer location; only by an `if` inside this one.
        tries = next((found for level in _own(chain) if (found := level.last("try_files"))), None)
        if tries is not None and len(tries.args) >= 2:
            last = tries.args[-1]
            if last.startswith("="):
                return Outcome("return", tries, whole(last[1:])), None
            if last.startswith("@"):
                return None, last
            path, _, query = last.partition("?")
            new = self.request.expand(path, self.uri, self.args)
            if new is not None and new != self.uri:
                self.rewrites.append(tries)
                self.uri, self.args = new, self.request.expand(query, self.uri, self.args) or ""
                return None, None
        handler = next((found for level in _own(chain) for name in HANDLERS if (found := level.last(name))), None)
        if handler is not None:
            kind = "pass" if handler.name in locations.PASSES else "handler"
            return Outcome(kind, handler, None, handler.args[0] if handler.args else None), None
        if self.uri.endswith("/") and (index := self.dynamic_index(chain)):
            self.uri = posixpath.join(self.uri, index)
            return None, None
        return Outcome("static", here), None

    def dynamic_index(self, chain: tuple[Directive, ...]) -> str | None:
        for level in reversed(chain):
            if found := level.last("index"):
                return next((name for name in found.args if name.endswith(SCRIPTS)), None)
        return None


def _turns(condition: Directive) -> bool:
    """Whether an `if` changes the way of a request."""
    return any(inner.name in ("return", "rewrite", "break", *HANDLERS) for inner in condition.block or ())


def _own(chain: tuple[Directive, ...]) -> list[Directive]:
    """The innermost location (or the server) and the ifs taken inside it, innermost first."""
    result = []
    for level in reversed(chain):
        result.append(level)
        if level.name != "if":
            break
    return result
