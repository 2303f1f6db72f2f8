"""Looks at nginx's error log in the alarm's minutes: each string of the guide's 附录 3, and its relatives.

Why WeChat cares: the error log says why a push failed that the access log only shows as failed. Its lines have no time
zone; that of the clock is deduced. The guide's paragraphs are 连接超时 (FAQ 2) and 附录 3, step 2.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.logs import access_log, error_rules, sources
from wxalarm.checks.logs import facts as access_log_facts
from wxalarm.checks.logs.error_rules import ErrorLogSeen
from wxalarm.checks.logs.facts import path_of, push, window
from wxalarm.checks.nginx import nginx_config
from wxalarm.logs import mask
from wxalarm.logs.errors import CLIENT_SIDE, ErrorLine, ErrorLines, Gathering, is_error_log, messages_of, parse
from wxalarm.model import Finding
from wxalarm.probes import logfiles
from wxalarm.probes.logfiles import Reading, Source

TIME = 8.0
"""Seconds for reading."""


async def probe(ctx: Context) -> ErrorLogSeen:
    """Reads the window. Skips when the alarm has no time, or when there is no log of the callback server."""
    seconds = window(ctx)
    if seconds is None:
        raise Skip("no-time")
    config = await ctx.wait(nginx_config.CHECK)
    given = ctx.settings.host.error_log
    paths = await sources.paths(ctx, given, config.error_logs if config and config.here else ())
    until = time.monotonic() + ctx.limit(TIME)
    offset, source = await asyncio.to_thread(logfiles.zone_of, paths, ErrorLines(0))
    if offset is None:
        beside = await ctx.wait(access_log.CHECK)
        offset, source = (beside.offset, "access-log") if beside else (None, "")
    if offset is None:
        offset, source = (logfiles.local_zone(seconds[0]), "machine") if not given else (8 * 3600, "alarm")
    job = Job(ctx, seconds, ErrorLines(offset), until)
    return await asyncio.to_thread(job.run, paths, not given, source)


@dataclass(slots=True)
class Job:
    """One reading of the logs for one alarm."""

    ctx: Context
    seconds: tuple[float, float, float]
    lines: ErrorLines
    until: float
    groups: dict[tuple[str, bool], Gathering] = field(default_factory=dict)
    count: int = 0

    def run(self, paths: Sequence[str], is_here: bool, offset_from: str) -> ErrorLogSeen:
        """All files."""
        start, low, high = self.seconds
        files = Reading(low, high, self.until).read(paths, self.choose, self.sink)
        return ErrorLogSeen(
            files=tuple(files),
            low=low,
            high=high,
            start=start,
            here=is_here,
            groups=tuple(gathering.group() for (_, ours), gathering in self.groups.items() if ours),
            others={kind: gathering.count for (kind, ours), gathering in self.groups.items() if not ours},
            lines=self.count,
            offset=int(self.lines.offset),
            offset_from=offset_from,
        )

    def choose(self, sample: Sequence[bytes]) -> ErrorLines | None:
        """The parser for a sample of lines."""
        return self.lines if is_error_log(sample) else None

    def sink(self, parser: ErrorLines, source: Source, offset: int, chunk: bytes) -> None:
        """Count the lines of a chunk."""
        one = push(self.ctx)
        for place, message in messages_of(chunk):
            found = parse(message, parser, one)
            if found is None or not self.seconds[1] <= found.time <= self.seconds[2]:
                continue
            self.count += 1
            key = (found.kind, self.ours(found))
            gathering = self.groups.setdefault(key, Gathering(found))
            if gathering.add(found) and key[1]:
                where = source.place(offset + place - 1)
                gathering.place = (where.text, where.show, mask.shown(b" ".join(message.splitlines())))

    def ours(self, line: ErrorLine) -> bool:
        """Whether a line may be about a push: it names the callback path, or no request but WeChat or nobody."""
        if line.cut:
            return False
        path = path_of(self.ctx)
        if line.path is not None:
            return path is None or line.path == path
        known = access_log_facts.push_addresses(self.ctx)
        return line.kind not in CLIENT_SIDE or not known or line.client in known


def evaluate(observation: ErrorLogSeen, ctx: Context) -> Iterable[Finding]:
    """A finding for each kind of trouble in the window."""
    return error_rules.findings(observation, ctx)


CHECK = Check(
    id="error-log",
    codes=error_rules.CODES,
    observation=ErrorLogSeen,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK, access_log.CHECK),
    key=by_alarm,
    network=False,
    timeout=12.0,
)
