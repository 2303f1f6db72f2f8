"""Made-up logs and alarms for the tests of logs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from wxalarm.config import Host, Settings
from wxalarm.diagnosis import contexts
from wxalarm.model import BEIJING, Alarm, AlarmKind, CheckResult, Sample
from wxalarm.runner import Run

START = 1735092297
OPENID = "oAAAA000000000000000000000001"
LOG_CHECKS = ("access-log", "error-log", "app-log")


def alarm(start: int = START, kind: AlarmKind = AlarmKind.REQUEST_TIMEOUT, openid: str | None = OPENID) -> Alarm:
    """An alarm about one push to /callback."""
    return Alarm(
        kind=kind,
        appid="wx0000000000000001",
        first_seen=datetime.fromtimestamp(start, BEIJING),
        window_minutes=5,
        count=30,
        sample=Sample(openid=openid, stamp=start, url="http://wx.example.com/callback", outer_ip="203.0.113.7"),
    )


def line(
    at: float, openid: str = "oBBBB", status: int = 200, took: float = 0.01, zone: int = 8, stamp: int = 0
) -> bytes:
    """One line in the guide's format, written at the end of a request."""
    when = datetime.fromtimestamp(at, timezone(timedelta(hours=zone))).strftime("%d/%b/%Y:%H:%M:%S %z")
    size = 7 if status == 200 else 0
    query = f"signature=0123abcd&timestamp={stamp or round(at - took)}&nonce=1&openid={openid}"
    return (
        f'203.0.113.7  - - [{when}] "POST /callback?{query} HTTP/1.1" {status} {size} "-" "Mozilla/4.0" "-" '
        f'"wx.example.com"  "-" "192.0.2.1:80"   "{status if status != 499 else "-"}"  "{took:.3f}"  "{took:.3f}" '
    ).encode()


def log(first: int = START - 3600, last: int = START + 3600, every: int = 2, zone: int = 8) -> list[bytes]:
    """A day's traffic in which the alarm's own push was cut after 5 s."""
    lines = [(at, line(at, zone=zone)) for at in range(first, last, every)]
    lines.append((START + 5, line(START + 5, OPENID, 499, 5.001, zone, START)))
    return [text for _, text in sorted(lines)]


def joined(lines: Iterable[bytes]) -> bytes:
    """Lines as a file's bytes."""
    return b"".join(text + b"\n" for text in lines)


def results(
    *,
    access: Sequence[Path | str] = (),
    error: Sequence[Path | str] = (),
    app: Sequence[Path | str] = (),
    of: Alarm | None = None,
    log_format: str | None = None,
    timeout: float = 20.0,
) -> dict[str, CheckResult]:
    """The results of the three log checks, with nothing else run."""
    host = Host(
        access_log=tuple(map(str, access)),
        error_log=tuple(map(str, error)),
        app_log=tuple(map(str, app)),
        log_format=log_format,
    )
    settings = replace(Settings(host=host, offline=True), timeout=timeout)
    reports = asyncio.run(Run(contexts([of or alarm()], settings), only=LOG_CHECKS).reports())
    return {result.check: result for result in reports[0].results}


def codes(result: CheckResult) -> set[str]:
    """The ids of a result's findings, without the notes that only show numbers."""
    return {finding.code.id for finding in result.findings} - {"log-latency", "log-upstreams"}
