"""Which location answers: the search of ngx_http_core_find_location, nested locations included."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from wxalarm.nginx import pattern
from wxalarm.nginx.syntax import Directive

PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")


class Found(Struct, frozen=True):
    """The location chosen inside a block. `chain` is empty when none matches: the server's own settings apply."""

    chain: tuple[Directive, ...] = ()
    """Nested locations, outermost first."""
    adds_slash: bool = False
    """nginx itself answers 301 to the same path with a slash (location /x/ with a proxy_pass, asked for /x)."""
    captures: tuple[str, ...] = ()
    """$0, $1, … of the pattern that matched."""
    untold: Directive | None = None
    """A location whose pattern cannot be judged and which may be the one."""


class _Location(Struct, frozen=True):
    directive: Directive
    modifier: str
    """"=", "^~", "~", "~*", "@" or ""."""
    name: str


def find(block: Directive, path: str) -> Found:
    """The location of `block` (a server or a location) for a normalised path. Raises Beyond for a pattern that takes
    too many steps."""
    return _find(block, path)[1]


def named(block: Directive, name: str) -> Directive | None:
    """The location @name of a server."""
    return next((loc.directive for loc in _locations(block) if loc.modifier == "@" and loc.name == name), None)


def _find(block: Directive, path: str) -> tuple[bool, Found]:
    """(whether the search is over, the location found): NGX_OK or NGX_DONE against NGX_AGAIN or NGX_DECLINED."""
    locations = _locations(block)
    over, prefix, slash = _static(locations, path)
    inner = Found()
    no_patterns = False
    if prefix is not None and not slash and not over:
        no_patterns = prefix.modifier == "^~"
        over, inner = _find(prefix.directive, path)
    if over:
        assert prefix is not None
        return True, _inside(prefix.directive, inner, slash or inner.adds_slash)
    if not no_patterns:
        for location in locations:
            if location.modifier in ("~", "~*"):
                compiled = pattern.compile(location.name, location.modifier == "~*")
                if compiled is None:
                    return True, Found(untold=location.directive)
                if match := compiled.search(path):
                    groups = tuple(group or "" for group in match.groups)
                    _, inner = _find(location.directive, path)
                    found = _inside(location.directive, inner, inner.adds_slash)
                    return True, found if found.captures else replace(found, captures=groups)
    return False, Found() if prefix is None else _inside(prefix.directive, inner, inner.adds_slash)


def _static(locations: Iterable[_Location], path: str) -> tuple[bool, _Location | None, bool]:
    """(the search is over, the exact or longest prefix location, nginx adds a slash)."""
    best: _Location | None = None
    slash: _Location | None = None
    for location in locations:
        if location.modifier == "=" and location.name == path:
            return True, location, False
        is_prefix = location.modifier in ("", "^~") and path.startswith(location.name)
        if is_prefix and (best is None or len(location.name) > len(best.name)):
            best = location
        if location.modifier != "@" and location.name == path + "/" and location.modifier in ("", "^~", "="):
            slash = location if any(location.directive.last(name) for name in PASSES) else slash
    if slash is not None and (best is None or best.name != path):
        return True, slash, True
    return False, best, False


def _inside(directive: Directive, inner: Found, adds_slash: bool) -> Found:
    return replace(inner, chain=(directive, *inner.chain), adds_slash=adds_slash)


def _locations(block: Directive) -> list[_Location]:
    result = []
    for directive in block.all("location"):
        args = directive.args
        if len(args) == 2 and args[0] in ("=", "^~", "~", "~*"):
            result.append(_Location(directive, args[0], args[1]))
        elif len(args) == 1 and (location := _one_word(directive, args[0])):
            result.append(location)
    return result


def _one_word(directive: Directive, name: str) -> _Location | None:
    """`location =/x` and its like: the modifier may touch the name."""
    for modifier in ("=", "^~", "~*", "~", "@"):
        if name.startswith(modifier):
            return _Location(directive, modifier, name if modifier == "@" else name[len(modifier) :])
    return _Location(directive, "", name)
