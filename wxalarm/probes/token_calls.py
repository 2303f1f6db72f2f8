"""Counts calls of WeChat's token endpoints in access or proxy logs: who fetches tokens besides the keeper."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from wxalarm.logs import parsers
from wxalarm.logs.access import lines_with
from wxalarm.logs.formats import LineFormat, Wanted
from wxalarm.logs.line_parser import LineParser
from wxalarm.logs.place import Log
from wxalarm.probes.logfiles import Reading

PATHS = ("/cgi-bin/token", "/cgi-bin/stable_token")
MOST = 10
"""Callers that are kept, the busiest first."""


class Caller(Struct, frozen=True):
    """Calls of one endpoint by one client."""

    path: str
    client: str
    """As the log has it; "" when its format does not say."""
    count: int


def read(
    paths: Sequence[str], known: Iterable[LineFormat], low: float, high: float, limit: float
) -> tuple[Caller, ...]:
    """The callers in the window (Unix seconds), for at most `limit` seconds. Lines without a time do not count."""
    known, wanted, counted = tuple(known), Wanted(), Counter[tuple[str, str]]()

    def choose(_: str, lines: Sequence[bytes]) -> LineParser | None:
        return parsers.detect(lines, known, wanted)

    def sink(parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        for _, line in lines_with(chunk, (b"/cgi-bin/token", b"/cgi-bin/stable_token")):
            record = parser.record(line) or {}
            asked = str(record.get("request") or record.get("request_uri") or record.get("uri") or "")
            ended = parser.seconds(next(iter(parser.times(b"\n" + line)), b""))
            for path in PATHS:
                whole = f"{path}?" in asked or asked.rstrip().endswith(path) or f"{path} " in asked
                if whole and ended is not None and low <= ended <= high:
                    counted[path, str(record.get("remote_addr") or "")] += 1

    Reading(low, high, time.monotonic() + limit).read(list(paths), choose, sink)
    return tuple(Caller(path, client, count) for (path, client), count in counted.most_common(MOST))
