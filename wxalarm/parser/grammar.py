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

from wxalarm.parser import words as w
from wxalarm.parser.words import EDGES, QUOTES, end_of

_SKIP = rf"(?:{w.SPACE}|[>|│┃])*+"
_QUOTED = rf"{w.BLANK}*+(?:\n(?:{w.BLANK}|[>|│┃])*+)*+"
BEHIND_BODY = rf"{_QUOTED}(?:\[{w.PLATFORM}[^\]\n]{{0,300}}+\]?+{_QUOTED})?+(?:(?:{w.LABEL['guide_url']})|\Z)"
"""What stands behind the bracket that ends a body; a bracket inside the body has something else behind it."""


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
    """alarm ::= (line | sample | body | group | wording | stray)*

    Any subset of lines, in any order: people paste what they selected.
    """
    alarm = pp.ZeroOrMore(_line() | _sample() | _body() | _group() | _wording() | _stray())
    alarm.set_default_whitespace_chars(" \n\t\r")
    return alarm.leave_whitespace().parse_with_tabs()


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
    names = [name for name in w.LABEL if name not in ("sample", "guide_url")]
    labels = "|".join(f"(?P<{name}>{w.LABEL[name]})" for name in names)

    def make(match: re.Match[str]) -> tuple[str, Value]:
        return next(name for name in names if match[name] is not None), _value(match)

    def guide(match: re.Match[str]) -> tuple[str, Value]:
        return "guide_url", _value(match)

    line = _regex(rf"{_SKIP}(?:{labels})(?P<value>{w.LINE_VALUE})", make)
    return line | _regex(rf"{_SKIP}(?:{w.LABEL['guide_url']})(?P<value>{w.GUIDE_WORD})", guide)


def _sample() -> pp.ParserElement:
    """sample ::= '错误样例' ':' (body | group)*"""

    def make(match: re.Match[str]) -> tuple[str, Value]:
        return "sample", _value(match, 0)

    return _regex(rf"{_SKIP}(?:{w.LABEL['sample']}){w.BLANK}*+", make)


def _wording() -> pp.ParserElement:
    """wording ::= a known 内容 without its label (a fragment pasted from the middle of a line)"""

    def make(match: re.Match[str]) -> tuple[str, Value]:
        return "description", _value(match)

    return _regex(rf"{_SKIP}(?P<value>(?={w.OPENING}){w.LINE_VALUE})", make)


def _body() -> pp.ParserElement:
    """body ::= '[' ('response_content' | 'resp') '=' anything ']' before the platform, the guide line or the end;
    cut ::= the same without its bracket, when WeChat cut a long body together with it."""
    key = rf"{_SKIP}\[(?P<key>(?i:{'|'.join(w.BODY_KEYS)}))="
    # The bracket of the platform's group, behind a body that was cut, is not the body's.
    platform = rf"(?!\[{w.PLATFORM}[^\]\n]{{0,300}}+\]{_QUOTED}(?:{w.LABEL['guide_url']}|\Z))"
    whole = rf"(?P<value>(?:[^\[\]]++|{platform}\[|\](?!{BEHIND_BODY}))*+)\]"
    # Linear on hostile bodies: only first characters of what may end them are looked at twice.
    behind = rf"\[{w.PLATFORM}[^\]\n]{{0,300}}+\]?{_QUOTED}(?:{w.LABEL['guide_url']}|\Z)"
    rest = rf"(?P<value>(?:[^报報\[]++|(?!{w.LABEL['guide_url']})[报報]|(?!{behind})\[)*+)"

    def closed(match: re.Match[str]) -> Group:
        return Group(match["key"], _value(match), match.start("key"), body=True)

    def cut(match: re.Match[str]) -> Group:
        start = match.start("value")
        end = end_of(match.string, start, match.end("value"))
        value = Value(match.string[start:end], start, end)
        return Group(match["key"], value, match.start("key"), closed=False, body=True)

    return _regex(key + whole, closed) | _regex(key + rest, cut)


def _group() -> pp.ParserElement:
    """group ::= '[第三方平台' (':' name)? ']' | '[' key '=' value ']' | '[' key ']' (vocabulary.GROUP)"""

    def make(match: re.Match[str]) -> Group:
        if match["platform"] is not None:
            end = match.end("platform")
            value = Value("", end, end) if match["name"] is None else _value(match, "name")
            return Group(match["platform"], value, match.start("platform"), closed=match["platform_close"] == "]")
        if match["value"] is not None:
            return Group(match["key"], _value(match), match.start("key"))
        if match["open_value"] is not None:
            return Group(match["key"], _value(match, "open_value"), match.start("key"), closed=match["close"] == "]")
        return Group(match["key"], None, match.start("key"))

    return _regex(_SKIP + w.GROUP, make)


def _stray() -> pp.ParserElement:
    """stray ::= whatever fits no other rule, up to the next blank, bracket or line end"""

    def make(match: re.Match[str]) -> tuple[str, Value]:
        return "stray", _value(match, 0)

    return _regex(r"\s+|\[|[^\s\[]+", make)


def strays(tree: Tree) -> Iterator[Value]:
    """Strays that are more than blanks and quote marks."""
    return (value for value in tree.strays if value.text.strip(EDGES + QUOTES))
