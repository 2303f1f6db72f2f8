"""The tokens of one alarm → a record, the span of every value, and what was wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from wxalarm.model import BEIJING, Alarm, Code, Finding, Sample
from wxalarm.parser import words as w
from wxalarm.parser.cluster import Cluster, text_of
from wxalarm.parser.locate import Placed, Source
from wxalarm.parser.problems import (
    ALARM_TOO_LONG,
    BAD_VALUE,
    BODY_CUT,
    BRACKET_MISSING,
    KEY_REPEATED,
    LABEL_REPEATED,
    STRAY_TEXT,
)
from wxalarm.parser.tokens import Token
from wxalarm.patterns import compiled

MOST_DIGITS = 18
_NOISE = w.EDGES + w.QUOTES
_STRAY = compiled(r"\[|[^\s\[]+")
_QUOTED = compiled(r"(?:> ?){1,5}")
_DATE, _COUNT, _WINDOW = compiled(w.DATE), compiled(w.COUNT), compiled(w.WINDOW)


def build(cluster: Cluster, source: Source) -> tuple[Alarm, list[Finding]]:
    """The record of one alarm, and its problems."""
    return _Builder(cluster, source).built()


_DIGITS = {"stamp": 10, "http_code": 3}
"""Digits of a number that always has so many."""


class _Builder:
    """Collects the fields, spans and problems of one alarm."""

    def __init__(self, cluster: Cluster, source: Source) -> None:
        self.cluster, self.source, self.text = cluster, source, source.text
        self.lines: dict[str, Token] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self.problems: list[Finding] = []

    def built(self) -> tuple[Alarm, list[Finding]]:
        """The record and the problems."""
        groups: list[Token] = []
        repeated: list[Token] = []
        for token in self.cluster.tokens:
            if token.key:
                groups.append(token)
            elif token.name in self.lines:
                repeated.append(token)
            elif token.name != "sample":
                self.lines[token.name] = token
        description = self._line("description")
        window, count = self._count()
        start, end = self.cluster.start, self.cluster.end
        alarm = Alarm(
            kind=w.kind_of(description),
            appid=self._line("appid"),
            nickname=self._line("nickname"),
            first_seen=self._time(),
            description=description,
            window_minutes=window,
            count=count,
            sample=self._sample(groups),
            guide_url=self._line("guide_url"),
            places=Placed(self.source, start, end, self.spans),
        )
        for token in repeated:
            self._problem(LABEL_REPEATED, token.value, field=token.name, value=text_of(self.text, token))
        for stray in self._strays():
            self._problem(STRAY_TEXT, stray, value=self.text[stray[0] : stray[1]][:200])
        if self.cluster.overlong:
            self._problem(ALARM_TOO_LONG, (start, end), limit=w.LONGEST_BODY // 1024)
        return alarm, self.problems

    def _problem(self, code: Code, place: tuple[int, int] | None, /, **evidence: Any) -> None:
        location = None if place is None else self.source.locate(*place)
        self.problems.append(code(location, **evidence))

    def _stripped(self, name: str, span: tuple[int, int]) -> str:
        """A one-line value with its outer blanks stripped."""
        start, end = span
        printed = self.text[start:end]
        text = printed.strip(w.EDGES)
        if len(text) < len(printed):
            start += printed.find(text) if text else 0
            span = (start, start + len(text))
        self.spans[name] = span
        return text

    def _line(self, name: str) -> str | None:
        token = self.lines.get(name)
        if token is None or token.value is None:
            return None
        text = self._stripped(name, token.value)
        return text if token.broken is None else text_of(self.text, token)

    def _time(self) -> datetime | None:
        """时间, read as +08:00. Seconds may be missing."""
        text = self._line("first_seen")
        if not text:
            return None
        numbers = [int(part) for part in re.findall(r"\d+", text)] if _DATE.fullmatch(text) else []
        try:
            return datetime(*numbers, tzinfo=BEIJING)  # type: ignore[misc,arg-type]  # DATE has five or six numbers
        except (ValueError, TypeError):
            span = self.lines["first_seen"].value
            self._problem(BAD_VALUE, span, field="first_seen", value=text, expected="YYYY-MM-DD HH:MM:SS")
            return None

    def _count(self) -> tuple[int | None, int | None]:
        """次数: window in minutes and number of failures. A masked one of the two leaves the other."""
        text = self._line("count")
        if not text:
            return None, None
        start = self.spans["count"][0]
        window = count = None
        if found := _COUNT.match(text):
            window, count = _number(found[1]), _number(found[2].replace(",", ""))
            self.spans["count"] = (start + found.start(2), start + found.end(2))
        elif found := _WINDOW.match(text):
            window = _number(found[1])
        if window is not None and found:
            self.spans["window_minutes"] = (start + found.start(1), start + found.end(1))
        if window is None or count is None:
            self._problem(BAD_VALUE, self.lines["count"].value, field="count", value=text, expected="5分钟 31次")
        return window, count

    def _sample(self, groups: list[Token]) -> Sample:
        values: dict[str, Any] = {}
        extra: dict[str, str | None] = {}
        for group in groups:
            name = group.field
            key = (group.start + 1, group.start + 1 + len(group.key))
            if not group.closed and group.name != "body":
                self._problem(BRACKET_MISSING, group.value or key, key=group.key)
            if name == "decrypt_failed":
                values[name] = True
                self.spans["sample.decrypt_failed"] = key
            elif name is None and group.key in extra:
                self._problem(KEY_REPEATED, group.value or key, key=group.key, value=self._shown(group))
            elif name is None:
                value = None if group.value is None else self._stripped(f"sample.extra.{group.key}", group.value)
                extra[group.key] = value
            elif group.value is None:
                # "[resp]" (a flag where a body was expected) says: no body was recorded.
                continue
            elif values.get(name):
                self._problem(KEY_REPEATED, group.value, key=group.key, value=self._shown(group))
            else:
                self._field(name, group, group.value, values, extra)
        return Sample(**values, extra=extra)

    def _field(
        self, name: str, group: Token, span: tuple[int, int], values: dict[str, Any], extra: dict[str, str | None]
    ) -> None:
        if name == "response_content":
            body = self._unquoted(self.text[span[0] : span[1]], values.get("response_length"))
            values[name] = body
            values["response_truncated"] = not group.closed
            self.spans["sample.response_content"] = span
            if not group.closed:
                self._problem(BODY_CUT, span, key=group.key, length=len(body))
            return
        text = self._stripped(f"sample.{name}", span)
        if name not in w.NUMBERS:
            values[name] = text
        elif (number := _number(text)) is not None and not self._is_cut(name, group, text):
            values[name] = number
        elif text:
            extra[group.key] = text
            self._problem(BAD_VALUE, span, field=name, value=text[:200], expected="0-9")

    def _unquoted(self, body: str, declared: int | None) -> str:
        """A body of several lines without the quotation marks that a mail or a page put before each, as it did before
        the alarm's first line; as it stands where it has its declared length so."""
        start = self.cluster.start
        mark = _QUOTED.fullmatch(self.text, max(self.text.rfind("\n", 0, start) + 1, start - 32), start)
        lines = body.split("\n")
        if mark is None or len(lines) < 2 or declared == len(body.encode("utf-8", "replace")):
            return body
        begin = mark[0].rstrip()
        if not all(line.startswith(begin) for line in lines[1:]):
            return body
        return "\n".join([lines[0], *(line[len(begin) :].removeprefix(mark[0][len(begin) :]) for line in lines[1:])])

    def _is_cut(self, name: str, group: Token, number: str) -> bool:
        """Whether more digits may have stood behind a number: a tool cut the text there."""
        whole = _DIGITS.get(name) == len(number) or self.text.startswith("[", group.end)
        return not group.closed and not whole

    def _shown(self, group: Token) -> str:
        return "" if group.value is None else self.text[group.value[0] : group.value[1]][:200]

    def _strays(self) -> Iterator[tuple[int, int]]:
        """What stands inside the alarm and belongs to no token, but for blanks and quote marks."""
        cluster, text = self.cluster, self.text
        taken = [(token.start, token.end) for token in cluster.tokens]
        if cluster.prefixes:
            taken = sorted([*taken, *cluster.prefixes])
        at = cluster.start
        for start, end in (*taken, (cluster.end, cluster.end)):
            if start > at and text[at:start].strip(_NOISE):
                for stray in _STRAY.finditer(text, at, start):
                    if stray[0].strip(_NOISE):
                        yield stray.span()
            at = end if end > at else at


def _number(text: str) -> int | None:
    """A decimal number of at most 18 digits: what fits into 64 bits everywhere."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None
