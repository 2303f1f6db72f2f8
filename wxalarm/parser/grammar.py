"""The grammar of one alarm, in pyparsing: the executable specification, made from `words`.

It is for people and for tests: it says what must stand where an alarm goes wrong ("expected X after Y"), draws the
diagram in docs/, and a property test holds the parser to it. No alarm is read by it: reading is for tokens.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import pyparsing as pp

from wxalarm.parser import words as w

GROUP = "[…=…]"
"""How a group is called where one is expected."""


_BODY_KEYS = "|".join(w.BODY_KEYS)


class Expected(NamedTuple):
    """Where a text stops being an alarm, and what would go on with it."""

    offset: int
    wanted: tuple[str, ...]
    """Labels as printed, and GROUP."""
    after: str
    """The label or the group that stands before it, as printed."""


@cache
def alarm() -> pp.ParserElement:
    """alarm ::= appid? nickname? first_seen? (description | wording)? count? (sample | groups)? guide?

    The lines in WeChat's order, of which people paste any part.
    """
    lines = {name: _line(name) for name in w.PRINTED if name not in ("sample", "guide_url")}
    lines["description"] = lines["description"] | _wording()
    groups = pp.OneOrMore(_group() | _body()).set_name("groups")
    sample = (_label("sample") + pp.ZeroOrMore(_group() | _body()) | groups).set_name("sample")
    whole = pp.And([*(pp.Opt(line) for line in lines.values()), pp.Opt(sample), pp.Opt(_guide())])
    return whole.set_name("alarm").parse_with_tabs()


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


def _token(pattern: str, name: str) -> pp.ParserElement:
    """A regular token; gives (the key or label, its value, where it ends)."""

    def action(tokens: pp.ParseResults) -> Any:
        match = tokens[0]
        parts = match.groupdict()
        return (parts.get("key") or name, parts.get("value") or "", match.end())

    return pp.Regex(rf"{w.SPACE}*+(?:{pattern})", as_match=True).leave_whitespace().add_parse_action(action)


def _label(name: str) -> pp.ParserElement:
    """label ::= the words of the label, blank*, ':'"""
    return _token(w.LABEL[name], name).set_name(w.PRINTED[name])


def _line(name: str) -> pp.ParserElement:
    """line ::= label value, up to the end of the line or the next label of a flattened alarm"""
    return _token(rf"(?:{w.LABEL[name]})(?P<value>{w.LINE_VALUE})", name).set_name(f"{w.PRINTED[name]} value")


def _wording() -> pp.ParserElement:
    """wording ::= a known 内容 without its label (a fragment pasted from the middle of a line)"""
    return _token(rf"(?P<value>(?={w.OPENING}){w.LINE_VALUE})", "description").set_name("wording")


def _guide() -> pp.ParserElement:
    """guide ::= '报警排查指引，请见:' one word"""
    return _token(rf"(?:{w.LABEL['guide_url']})(?P<value>{w.GUIDE_WORD})", "guide_url").set_name(
        f"{w.PRINTED['guide_url']} url"
    )


def _group() -> pp.ParserElement:
    """group ::= '[第三方平台' (':' name)? ']' | '[' key ('=' value)? ']'; the value holds neither brackets nor a line
    break"""
    named = rf"\[(?P<key>{w.PLATFORM})(?:[:：=](?P<value>[^\[\]\n]*))?\]"
    plain = rf"\[(?!(?:{_BODY_KEYS})=)(?P<key>{w.KEY})(?:=(?P<value>[^\[\]\n]*))?\]"
    return (_token(named, "platform") | _token(plain, "group")).set_name(GROUP)


def _body() -> pp.ParserElement:
    """body ::= '[' ('response_content' | 'resp') '=' anything ']' before the platform, the guide line or the end"""
    behind = rf"{w.SPACE}*+(?:\[{w.PLATFORM}[^\[\]\n]*+\]{w.SPACE}*+)?+(?:(?:{w.LABEL['guide_url']})|\Z)"
    return _token(rf"\[(?P<key>{_BODY_KEYS})=(?P<value>(?:[^\]]++|\](?!{behind}))*+)\](?={behind})", "body").set_name(
        "[resp=body]"
    )
