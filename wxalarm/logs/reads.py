"""The keys and values of one line: of a document, labels, a framework's request line, a message within a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from wxalarm.logs import plain, shipped
from wxalarm.logs.documents import MESSAGES, NGINX, decoder, document, flat_of, paths
from wxalarm.logs.formats import KNOWN
from wxalarm.logs.frameworks import Framework
from wxalarm.logs.records import NAMES, Record
from wxalarm.logs.text_parser import likely, text_parser

Read = Callable[[bytes], Mapping[str, str] | None]
"""The keys and values of one line, keys in lower case; None for a line of another form."""
_LABELLED = re.compile(
    r"([A-Za-z_@][\w.@-]*)(?:=|: )(\"(?:[^\"\\]|\\.)*+\"|[\d.]++ (?:ns|µs|μs|us|ms|s)(?![^\s,;])|[^\s\"]*+)"
)


def json_read(line: bytes) -> Mapping[str, str] | None:
    """One JSON object, nested ones too."""
    value = document(line)
    return flat_of(value) if value is not None else None


def message_read(line: bytes) -> Mapping[str, str] | None:
    """One JSON object whose message is a request line, of nginx or of anybody."""
    value = document(line)
    flat = flat_of(value) if value is not None else {}
    for text in (flat[key] for key in MESSAGES if key in flat):
        if (found := _of_nginx(text) or plain.read(text)) is not None:
            return {**flat, **found}
    return None


def _of_nginx(text: str) -> Record | None:
    """A line of one of nginx's usual formats, behind what a journal puts before it."""
    line = shipped.bare(text.strip().encode("utf-8", "replace"))
    parsers = (text_parser(known) for known in KNOWN[:-1])
    return next((parser.record(line) for parser in parsers if likely(parser, line)), None) if NGINX in line else None


def of_messages(lines: Sequence[bytes]) -> Callable[[bytes], bytes] | None:
    """Takes off documents such as these what is around their messages, where lines of nginx stand in them; a line
    without such a message comes to nothing."""
    places = [
        paths(value)[key]
        for value in filter(None, map(document, lines))
        for key, text in flat_of(value).items()
        if key in MESSAGES and NGINX in text.encode("utf-8", "replace")
    ]
    if not places:
        return None
    decode = decoder([max(places, key=places.count)])

    def message(line: bytes) -> bytes:
        got = decode(line[max(0, line.find(b"{", 0, shipped.PREFIXED)) :])
        text = got[0] if got is not None else None
        line = text.strip().replace("\n", " ").encode("utf-8", "replace") if isinstance(text, str) else b""
        return shipped.bare(line)

    return message


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
