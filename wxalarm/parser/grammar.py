"""The grammar of one alarm, in pyparsing: the executable specification, made from `words`.

It is for people and for tests: it says what must stand where an alarm goes wrong ("expected X after Y"), draws the
diagram in docs/, and a property test holds the parser to it. No alarm is read by it: reading is for tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import StringIO
from typing import Any, NamedTuple

import pyparsing as pp

from wxalarm.parser import words as w
from wxalarm.patterns import compiled

GROUP = "[…=…]"
"""How a group is called where one is expected."""


_BODY_KEYS = "|".join(w.BODY_KEYS)
_VALUES = {
    "appid": "wx…",
    "nickname": "…",
    "first_seen": "YYYY-MM-DD HH:MM:SS",
    "description": "微信服务器向…",
    "count": "N分钟 N次",
}
"""The lines before the sample, and how their values are shown."""


class Expected(NamedTuple):
    """Where a text stops being an alarm, and what would go on with it."""

    offset: int
    wanted: tuple[str, ...]
    """Labels as printed, and GROUP."""
    after: str
    """The label or the group that stands before it, as printed."""


Terminal = Callable[[str, str, str], pp.ParserElement]
"""Makes a token of its pattern, the name of what it gives, and how it is shown."""


@cache
def alarm() -> pp.ParserElement:
    """The grammar that parses; its tokens give (the key or label, the value, where it ends)."""
    return _alarm(_regex).parse_with_tabs()


def diagram() -> str:
    """The railroad diagram as a page (HTML). Needs the package railroad-diagrams."""
    page = StringIO()
    _alarm(lambda pattern, name, shown: pp.Literal(shown)).create_diagram(page, vertical=2)
    return page.getvalue()


def _alarm(token: Terminal) -> pp.ParserElement:
    """alarm ::= appid? nickname? first_seen? (description | wording)? count? sample? guide?

    The lines in WeChat's order, of which people paste any part.
    """
    lines = {name: _line(token, name) for name in _VALUES}
    lines["description"] |= _wording(token)
    whole = pp.And([*map(pp.Opt, lines.values()), pp.Opt(_sample(token)), pp.Opt(_guide(token))])
    return whole.set_name("alarm")


def values(text: str) -> list[tuple[str, str]] | None:
    """Names and values of an alarm that keeps to the grammar, in order; None for a text that does not."""
    try:
        found = alarm().parse_string(text, parse_all=True)
    except pp.ParseException:
        return None
    return [(name, value) for name, value, _ in found]


def expected(text: str) -> Expected:
    """Where the text of an alarm leaves the grammar, or ends, and what would go on with it."""
    taken = list(alarm().parse_string(text))
    last, _, offset = taken[-1] if taken else ("", "", 0)
    offset += len(text[offset:]) - len(text[offset:].lstrip(w.EDGES))
    in_sample = bool(taken) and (last not in w.PRINTED or last == "sample")
    rank = w.RANK["sample"] if in_sample else w.RANK.get(last, -1)
    wanted = [GROUP] if in_sample else []
    wanted += [printed for name, printed in w.PRINTED.items() if w.RANK[name] > rank]
    after = "" if not taken else w.PRINTED.get(last, f"[{last}=…]")
    return Expected(offset, tuple(wanted), after)


def _regex(pattern: str, name: str, shown: str) -> pp.ParserElement:
    def action(tokens: pp.ParseResults) -> Any:
        match = tokens[0]
        parts = match.groupdict()
        return (parts.get("key") or name, parts.get("value") or "", match.end())

    regex = pp.Regex(compiled(rf"{w.SPACE}*+(?:{pattern})"), as_match=True).leave_whitespace()
    return regex.add_parse_action(action).set_name(shown)


def _line(token: Terminal, name: str) -> pp.ParserElement:
    """line ::= label value, up to the end of the line or the next label of a flattened alarm"""
    return token(rf"(?:{w.LABEL[name]})(?P<value>{w.LINE_VALUE})", name, f"{w.PRINTED[name]} {_VALUES[name]}")


def _wording(token: Terminal) -> pp.ParserElement:
    """wording ::= a known 内容 without its label (a fragment pasted from the middle of a line)"""
    return token(rf"(?P<value>(?={w.OPENING}){w.LINE_VALUE})", "description", _VALUES["description"])


def _guide(token: Terminal) -> pp.ParserElement:
    """guide ::= '报警排查指引，请见:' one word"""
    label = w.PRINTED["guide_url"]
    return token(rf"(?:{w.LABEL['guide_url']})(?P<value>{w.GUIDE_WORD})", "guide_url", f"{label} https://…")


def _sample(token: Terminal) -> pp.ParserElement:
    """sample ::= '错误样例:' (group | body)* | (group | body)+"""
    named = rf"\[(?P<key>{w.PLATFORM})(?:[:：=](?P<value>[^\[\]\n]*))?\]"
    plain = rf"\[(?!(?:{_BODY_KEYS})=)(?P<key>{w.KEY})(?:=(?P<value>[^\[\]\n]*))?\]"
    behind = rf"{w.SPACE}*+(?:\[{w.PLATFORM}[^\[\]\n]*+\]{w.SPACE}*+)?+(?:(?:{w.LABEL['guide_url']})|\Z)"
    body = rf"\[(?P<key>{_BODY_KEYS})=(?P<value>(?:[^\]]++|\](?!{behind}))*+)\](?={behind})"
    group = (
        token(named, "platform", f"[{w.PLATFORM_KEY}:…]")
        | token(plain, "group", GROUP)
        | token(body, "body", "[resp=…]")
    )
    label = token(w.LABEL["sample"], "sample", w.PRINTED["sample"])
    return (label + pp.ZeroOrMore(group) | pp.OneOrMore(group)).set_name("sample")
