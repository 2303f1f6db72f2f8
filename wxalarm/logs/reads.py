"""The keys and values of one line: of a document, labels, a framework's request line, a message within a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from wxalarm.logs import plain, shipped
from wxalarm.logs.formats import KNOWN
from wxalarm.logs.frameworks import Framework
from wxalarm.logs.records import NAMES, Record
from wxalarm.logs.text_parser import likely, text_parser

Read = Callable[[bytes], Mapping[str, str] | None]
"""The keys and values of one line, keys in lower case; None for a line of another form."""
_DEPTH = 4
_LABELLED = re.compile(
    r"([A-Za-z_@][\w.@-]*)(?:=|: )(\"(?:[^\"\\]|\\.)*+\"|[\d.]++ (?:ns|µs|μs|us|ms|s)(?![^\s,;])|[^\s\"]*+)"
)


def document(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line, behind what a container puts before it."""
    start = line.find(b"{", 0, shipped.PREFIXED)
    try:
        value = msgspec.json.decode(line[start:]) if start >= 0 else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def flat_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Scalars of a document and of those in it by their own key, lower case; the outermost of equal keys wins."""
    return dict(_scalars(document, _DEPTH))


def _scalars(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for item in value.values():
        if isinstance(item, Mapping) and depth:
            yield from _scalars(item, depth - 1)
    for key, item in value.items():
        if isinstance(item, (str, int, float)) and not isinstance(item, bool):
            yield key.lower(), str(item)


def json_read(line: bytes) -> Mapping[str, str] | None:
    """One JSON object, nested ones too."""
    value = document(line)
    return flat_of(value) if value is not None else None


_MESSAGES = (
    "message",
    "msg",
    "content",
    "log",
    "event",
    "text",
    "short_message",
    "log_message",
    "body",
    "textpayload",
    "line",
)
"""Keys behind which loggers put what a program said."""


def message_read(line: bytes) -> Mapping[str, str] | None:
    """One JSON object whose message is a request line, of nginx or of anybody."""
    value = document(line)
    flat = flat_of(value) if value is not None else {}
    for text in (flat[key] for key in _MESSAGES if key in flat):
        if (found := _of_nginx(text) or plain.read(text)) is not None:
            return {**flat, **found}
    return None


def _of_nginx(text: str) -> Record | None:
    """A line of one of nginx's usual formats, behind what a journal puts before it."""
    line = shipped.bare(text.strip().encode("utf-8", "replace"))
    parsers = (text_parser(known) for known in KNOWN[:-1])
    return next((parser.record(line) for parser in parsers if likely(parser, line)), None) if b'] "' in line else None


def plain_read(line: bytes) -> Mapping[str, str] | None:
    """A request line of a program that nobody has listed."""
    return plain.read(line.decode("utf-8", "replace"))


def labelled_read(line: bytes) -> Mapping[str, str] | None:
    """key=value, as logfmt prints it and people do."""
    pairs = _LABELLED.findall(line.decode("utf-8", "replace"))
    found = {key.lower(): value.rstrip(",;").strip('"') for key, value in pairs}
    if len(found) <= 2:
        return None
    if not any(key in found for key in _ASKED) and (asked := plain_read(line)) is not None:
        return {**found, **asked}
    return found


_ASKED = (*NAMES["request"], *NAMES["request_uri"])


def framework_read(framework: Framework) -> Read:
    """The named parts of a framework's request line."""
    pattern = framework.pattern

    def read(line: bytes) -> Mapping[str, str] | None:
        match = pattern.search(line.decode("utf-8", "replace"))
        return None if match is None else {name: text for name, text in match.groupdict().items() if text is not None}

    return read
