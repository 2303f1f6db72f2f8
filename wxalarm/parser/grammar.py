"""The grammar of one alarm, in pyparsing: the authority on what an alarm text means.

The text of one alarm comes in (scan finds it), a record with the span of every value and the problems come out.
Nothing here looks for alarms in other text; nothing here is fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pyparsing as pp

from wxalarm.parser import vocabulary as v

VALUE_END = rf"(?={v.BLANK}*(?:\n|\Z)|{v.BLANK}+(?:{v.ANY_LABEL}))"
BEHIND_BODY = rf"\s*(?:\[(?:{v.PLATFORM})[^\]\n]*\]?\s*)?(?:(?:{v.LABEL['guide_url']})|\Z)"
"""What stands behind the bracket that ends a body; a bracket inside the body has something else behind it."""
GROUP_END = rf"(?=\s*(?:\[|\n|\Z|{v.ANY_LABEL}))"


@dataclass(slots=True)
class Value:
    """One value as printed, and where it stands in the alarm's text."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class Group:
    """One [key=value] of 错误样例; value None for a flag. `closed` is False when its bracket is missing."""

    key: str
    value: Value | None
    start: int
    closed: bool = True
    body: bool = False


@dataclass(slots=True)
class Tree:
    """What the grammar found: values by label (the first of each), groups in order, what stands between."""

    lines: dict[str, Value] = field(default_factory=dict)
    repeated: list[tuple[str, Value]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    has_sample: bool = False
    strays: list[Value] = field(default_factory=list)


def parse(text: str) -> Tree:
    """The tree of one alarm's text. Never raises: what fits no rule is a stray."""
    tree = Tree()
    for item in _alarm().parse_string(text, parse_all=True):
        if isinstance(item, Group):
            tree.groups.append(item)
            tree.has_sample = True
        else:
            name, value = item
            if name == "sample":
                tree.has_sample = True
            elif name == "stray":
                tree.strays.append(value)
            elif name in tree.lines:
                tree.repeated.append((name, value))
            else:
                tree.lines[name] = value
    return tree


@cache
def _alarm() -> pp.ParserElement:
    """alarm ::= (line | sample | wording | stray)*

    Any subset of lines, in any order: people paste what they selected.
    """
    alarm = pp.ZeroOrMore(_line() | _sample() | _wording() | _group() | _stray())
    alarm.set_default_whitespace_chars(" \n\t\r")
    return alarm.leave_whitespace().parse_with_tabs()


def _skip() -> str:
    return r"[\s>\u00a0\u3000\u200b-\u200f\u2060\ufeff]*"


def _regex(pattern: str, make: Callable[[re.Match[str]], Any]) -> pp.ParserElement:
    """A token by pattern; `make` gets the match, whose spans are offsets in the alarm's text."""

    def action(text: str, at: int, tokens: pp.ParseResults) -> list[Any]:
        # as_match gives a match on the whole text, so that its spans need no correction.
        return [make(tokens[0])]

    return pp.Regex(pattern, as_match=True).leave_whitespace().add_parse_action(action)


def _value(match: re.Match[str], group: str | int = "value") -> Value:
    return Value(match[group], match.start(group), match.end(group))


def _line() -> pp.ParserElement:
    """line ::= label blank* ':' blank* value, up to the end of the line or the next label of a flattened alarm."""
    lines = []
    for name, label in v.LABEL.items():
        if name == "sample":
            continue
        value = rf"{v.BLANK}*\S*" if name == "guide_url" else rf"[^\n]*?(?:{VALUE_END})"

        def make(match: re.Match[str], name: str = name) -> tuple[str, Value]:
            return name, _value(match)

        lines.append(_regex(rf"{_skip()}(?:{label})(?P<value>{value})", make))
    return pp.MatchFirst(lines)


def _sample() -> pp.ParserElement:
    """sample ::= '错误样例' ':' group*"""

    def make(match: re.Match[str]) -> tuple[str, Value]:
        return "sample", _value(match, 0)

    return _regex(rf"{_skip()}(?:{v.LABEL['sample']}){v.BLANK}*", make)


def _wording() -> pp.ParserElement:
    """wording ::= a known 内容 without its label (a fragment pasted from the middle of a line)"""

    def make(match: re.Match[str]) -> tuple[str, Value]:
        return "description", _value(match)

    return _regex(rf"{_skip()}(?P<value>{v.OPENING}[^\n\[]*?(?:{VALUE_END}))", make)


def _group() -> pp.ParserElement:
    """group ::= body | platform | '[' key '=' value ']' | '[' flag ']'"""
    return pp.MatchFirst([_body(), _platform(), _keyed(), _unclosed(), _flag()])


def _body() -> pp.ParserElement:
    """body ::= '[' ('response_content' | 'resp') '=' anything ']' before the platform, the guide line or the end;
    cut ::= the same up to the guide line or the end, when WeChat cut a long body together with its bracket."""
    key = rf"{_skip()}\[(?P<key>(?i:{'|'.join(v.BODY_KEYS)}))="
    # Linear on hostile bodies: only the first character of the guide line is ever looked at twice.
    rest = rf"(?:[^报報]++|(?!{v.LABEL['guide_url']})[报報])*+"

    def closed(match: re.Match[str]) -> Group:
        return Group(match["key"], _value(match), match.start("key"), body=True)

    def cut(match: re.Match[str]) -> Group:
        text = match["value"].rstrip()
        value = Value(text, match.start("value"), match.start("value") + len(text))
        return Group(match["key"], value, match.start("key"), closed=False, body=True)

    whole = _regex(rf"{key}(?P<value>[^\]]*+(?:\](?!{BEHIND_BODY})[^\]]*+)*+)\]", closed)
    return whole | _regex(rf"{key}(?P<value>{rest})", cut)


def _platform() -> pp.ParserElement:
    """platform ::= '[第三方平台' (':' name)? ']'"""

    def make(match: re.Match[str]) -> Group:
        start = match.start("key")
        value = _value(match) if match["value"] is not None else Value("", match.end("key"), match.end("key"))
        return Group(match["key"], value, start, closed=match["close"] == "]")

    return _regex(
        rf"{_skip()}\[(?P<key>{v.PLATFORM})(?:[:：=](?P<value>[^\]\n]*))?(?P<close>\]|(?=\s*(?:\n|\Z)))", make
    )


def _keyed() -> pp.ParserElement:
    """keyed ::= '[' key '=' value ']'; the value may hold brackets ("http://[::1]/") but no line break"""

    def make(match: re.Match[str]) -> Group:
        return Group(match["key"], _value(match), match.start("key"))

    return _regex(
        rf"{_skip()}\[(?P<key>[^\[\]=\n]{{1,60}})=(?P<value>(?:(?!{v.GROUP_START})[^\n])*?)\](?:{GROUP_END})", make
    )


def _unclosed() -> pp.ParserElement:
    """unclosed ::= '[' key '=' value, ended by the next known group or the line: a mask ate the bracket"""

    def make(match: re.Match[str]) -> Group:
        return Group(match["key"], _value(match), match.start("key"), closed=match["close"] == "]")

    end = rf"(?P<close>\]|(?=\s*{v.GROUP_START})|(?={v.BLANK}*(?:\n|\Z)))"
    return _regex(rf"{_skip()}\[(?P<key>[^\[\]=\n]{{1,60}})=(?P<value>(?:(?!{v.GROUP_START})[^\n\]])*?){end}", make)


def _flag() -> pp.ParserElement:
    """flag ::= '[' key ']'"""

    def make(match: re.Match[str]) -> Group:
        return Group(match["key"], None, match.start("key"))

    return _regex(rf"{_skip()}\[(?P<key>[^\[\]=\n]{{1,60}})\]", make)


def _stray() -> pp.ParserElement:
    """stray ::= whatever fits no other rule, up to the next blank, bracket or line end"""

    def make(match: re.Match[str]) -> tuple[str, Value]:
        return "stray", _value(match, 0)

    return _regex(r"\s+|\[|[^\s\[]+", make)


def strays(tree: Tree) -> Iterator[Value]:
    """Strays that are more than blanks and quote marks."""
    return (value for value in tree.strays if value.text.strip(" \n\t\r>\u200b\ufeff"))
