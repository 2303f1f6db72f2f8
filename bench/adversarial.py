"""Doubling a hostile input at most doubles the time: alarms, nginx.conf, logs, wxalarm.toml, saved cases, replies. Each
is read at sizes that double; the table shows the seconds and the worst growth. Exit status 1 when one grows by more
than LIMIT.

usage: python bench/adversarial.py [MEBIBYTES OF THE LARGEST INPUT, 4] [KIND…]
"""

from __future__ import annotations

import math
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.parser.hostile import INPUTS, junk, repeated
from wxalarm import bounds, config, nginx
from wxalarm.bounds import Beyond
from wxalarm.cases import CaseError, from_text
from wxalarm.logs import formats, text_parser
from wxalarm.nginx.request import Request
from wxalarm.nginx.routing import route
from wxalarm.nginx.syntax import mend_slash_comments
from wxalarm.parser.stream import stream
from wxalarm.wechat.reply import judge, mended

LIMIT = 2.2
"""Time for twice the input: twice, and a tenth for what timing on a shared machine adds."""
TURNS = 4
"""How often an input is measured at most while it seems to grow by more: the least times count."""
CHUNK = 1 << 20


def chunks(text: str) -> Iterator[str]:
    """The text as the command reads it."""
    return (text[at : at + CHUNK] for at in range(0, len(text), CHUNK))


def alarms(text: str) -> None:
    """Parse."""
    for _ in stream(chunks(text)):
        pass


def configuration(text: str) -> None:
    """Read and route, as the check does."""
    mend_slash_comments(text)
    with suppress(Beyond):
        route(nginx.parse(text), Request("wx.example.com", "/callback?signature=1"))


def log(text: str) -> None:
    """Find out the format, and read the lines."""
    data = text.encode("utf-8", "surrogateescape")
    lines = data.split(b"\n")
    for known in (formats.KNOWN[0], formats.given("$time_iso8601 $a $b $c$d$e$status;")):
        reader = text_parser.TextParser(known, formats.Wanted("/callback"))
        reader.columns(b"\n" + data + b"\n")
        for line in lines:
            reader.record(line[: formats.MAX_LINE])


def settings(text: str) -> None:
    """Read a wxalarm.toml."""
    if len(text) <= bounds.CONFIG:
        with suppress(config.ConfigError, ValueError, RecursionError):
            config.from_mapping(tomllib.loads(text))


def case(text: str) -> None:
    """Read a saved case."""
    with suppress(CaseError):
        from_text(text, "case.json")


def reply(text: str) -> None:
    """Judge a reply, and mend it."""
    body = text.encode("utf-8", "surrogateescape")
    judge(body)
    mended(body)


def conf(inside: str, around: str = "") -> Callable[[int], str]:
    """nginx configurations with a text repeated in the server."""
    head, tail = f"http {{ {around} server {{ listen 80; server_name wx.example.com; ", "}}"
    return lambda size: head + inside * (size // len(inside)) + tail


NGINX: Mapping[str, Callable[[int], str]] = {
    "slash comments": conf("// a\n"),
    "locations": conf("location ~ ^/(a+)+$ { }\n"),
    "variables": conf("set $a x$uri;\n"),
    "ports": conf("listen 1-65535;\n"),
    "lua": lambda size: "content_by_lua_block {" + "--[[\n" * (size // 5) + "}",
    "blocks": repeated("a{"),
    "words": repeated("a "),
    "quotes": repeated("'a\\"),
    "includes": conf("include x;\n"),
}
LINE = "2026-01-01T12:00:00+08:00 "
LOGS: Mapping[str, Callable[[int], str]] = {
    "blanks": lambda size: (LINE + " " * 4000 + "\n") * (size // 4027),
    "letters": lambda size: (LINE + "a" * 4000 + "\n") * (size // 4027),
    "numbers": lambda size: (LINE + "200 " * 1000 + "\n") * (size // 4027),
    "quotes": repeated('"\\" - '),
    "short lines": repeated("\n\n1 "),
    "json": repeated('{"a":{"a":'),
    "junk": junk,
}
TOML: Mapping[str, Callable[[int], str]] = {
    "tables": lambda size: "".join(f"[accounts.a{number}]\n" for number in range(size // 18)),
    "keys": lambda size: "[dns]\n" + "".join(f"k{number}=1\n" for number in range(size // 9)),
    "lists": lambda size: "a=" + "[" * size,
    "strings": lambda size: '[dns]\nservers=["' + "a" * size + '"]',
    "numbers": lambda size: "a=" + "9" * size,
}
CASES: Mapping[str, Callable[[int], str]] = {
    "objects": repeated("{},"),
    "in a list": lambda size: '{"schema":"wxalarm.case/1","cases":[' + "{}," * (size // 3) + "{}]}",
    "one string": lambda size: '{"schema":"' + "a" * size + '"}',
    "brackets": repeated("["),
    "escapes": lambda size: '"' + "\\u0061" * (size // 6) + '"',
}
REPLIES: Mapping[str, Callable[[int], str]] = {
    "open tags": repeated("<a>"),
    "cdata": lambda size: "<xml>" + "<![CDATA[" * (size // 9),
    "ampersands": lambda size: "<xml>" + "&" * size,
    "entities": lambda size: "<xml>" + "&a;" * (size // 3),
    "blanks": lambda size: "<xml>]" + " " * size + "</a>",
    "json": repeated('{"a":'),
    "digits": repeated("9"),
    "junk": junk,
}
KINDS: Mapping[str, tuple[Callable[[str], None], Mapping[str, Callable[[int], str]], int]] = {
    "alarms": (alarms, INPUTS, 1),
    "nginx.conf": (configuration, NGINX, 16),
    "logs": (log, LOGS, 4),
    "wxalarm.toml": (settings, TOML, 32),
    "case": (case, CASES, 1),
    "reply": (reply, REPLIES, 8),
}
"""By name: what reads it, hostile ones of any size, and by how much they are smaller than the table's head says."""


def seconds(read: Callable[[str], None], text: str) -> float:
    """Processor time of one reading."""
    start = time.process_time()
    read(text)
    return time.process_time() - start


def main() -> int:
    """Print the table."""
    largest = int(float(sys.argv[1]) * 2**20) if len(sys.argv) > 1 else 4 << 20
    wanted = sys.argv[2:]
    sizes = [largest >> shift for shift in (3, 2, 1, 0)]
    print(f"{'input':34}" + "".join(f"{size / 2**20:>9.2f} M" for size in sizes) + f"{'growth':>9}")
    worst = 0.0
    inputs = [
        (name if kind == "alarms" else f"{kind}: {name}", read, make, shrink)
        for kind, (read, made, shrink) in KINDS.items()
        for name, make in made.items()
        if not wanted or kind in wanted
    ]
    for name, read, make, shrink in inputs:
        times, growth = [math.inf] * len(sizes), math.inf
        for _ in range(TURNS):
            times = [min(old, seconds(read, make(size // shrink))) for old, size in zip(times, sizes, strict=True)]
            # Below a tenth of a second the clock and the caches are what is measured.
            growth = max((b / a for a, b in pairwise(times) if b > 0.1), default=0.0)
            if growth <= LIMIT:
                break
        worst = max(worst, growth)
        print(f"{name:34}" + "".join(f"{each:>10.3f}s" for each in times) + f"{growth:>8.2f}x", flush=True)
    print(f"worst growth when the input doubles: {worst:.2f} (limit {LIMIT})")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
