"""What a page draws of a report, as plain data: the layers a push crosses, phases as bars, DNS as a matrix, pushes by
the minute. The template draws; nothing here knows of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from wxalarm.checks import CHECKS
from wxalarm.messages import Catalogue
from wxalarm.model import BEIJING, Report, Status, worst
from wxalarm.parser.words import KEY_OF
from wxalarm.render.view import duration, moment
from wxalarm.wechat.limits import WAIT

LAYERS = ("wechat", "dns", "tcp", "tls", "nginx", "application", "reply")
"""What a push crosses, in order."""
OF_CHECK = {
    "tcp-connect": "tcp",
    "tls-handshake": "tls",
    "http-request": "application",
    "url-verify": "reply",
    "push": "reply",
    "reply-format": "reply",
    "app-log": "application",
    "wechat-view": "wechat",
    "callback-check": "wechat",
}
OF_ROOM = {"dns": "dns", "nginx": "nginx", "logs": "nginx", "host": "application"}
"""The layer of the other checks, by their room; those of no layer (pings, the alarm itself) are in no box."""
OF_CODE = (("reply-", "reply"), ("tls-", "tls"), ("tcp-", "tcp"), ("dns-", "dns"), ("http-", "application"))
"""Where a finding is wrong, by how its code begins: a check of one layer may find out about another."""
MARKS = (3.0, WAIT)
"""Seconds: what the guide advises, and what WeChat waits."""
SCALE = 6.0
"""Seconds of the whole width, at least."""


def layers(report: Report, words: Catalogue) -> list[dict[str, str]]:
    """The boxes: what broke, what works, and what nobody looked at."""
    rooms = {check.id: check.probe.__module__.split(".")[2] for check in CHECKS}
    statuses: dict[str, list[Status]] = {}
    for result in report.results:
        layer = OF_CHECK.get(result.check) or OF_ROOM.get(rooms.get(result.check, ""))
        if layer is not None and result.status is not Status.SKIP:
            statuses.setdefault(layer, []).append(result.status)
    broken = None
    if report.cause is not None:
        code = report.cause.finding.code.id
        begun = next((layer for begin, layer in OF_CODE if code.startswith(begin)), None)
        broken = begun or OF_CHECK.get(report.cause.check) or OF_ROOM.get(rooms.get(report.cause.check, ""))
    made = []
    for layer in LAYERS:
        if layer == "tls" and report.target.scheme != "https":
            continue
        state = "broken" if layer == broken else str(worst(statuses.get(layer, ())))
        made.append({"name": words.ui(f"layer_{layer}"), "state": state, "word": words.ui(f"layer_is_{state}")})
    return made


def phases(report: Report, words: Catalogue) -> dict[str, Any] | None:
    """A row an address: connect, TLS, waiting, the rest, against 3 s and 5 s; None when no request was made."""
    exchanges = getattr(_observation(report, "http-request"), "exchanges", ())
    rows = []
    for one in exchanges:
        at, parts = 0.0, []
        for name, seconds in (("connect", one.connect), ("tls", one.tls), ("wait", one.first_byte)):
            if seconds:
                parts.append({"kind": name, "at": at, "seconds": seconds})
                at += seconds
        if one.total > at:
            parts.append({"kind": "rest", "at": at, "seconds": one.total - at})
        said = words.ui(
            "phase_failed" if one.failure else "phase_status", total=duration(one.total, words), limit=one.limit
        )
        rows.append({"address": one.address, "parts": parts, "said": said, "status": one.status})
    if not rows:
        return None
    scale = max(SCALE, *(part["at"] + part["seconds"] for row in rows for part in row["parts"]))
    return {"rows": rows, "scale": scale, "marks": [mark for mark in MARKS if mark <= scale]}


def names(report: Report, words: Catalogue) -> list[dict[str, Any]]:
    """A row a server that was asked for the name: what it said, the alarm's address marked."""
    own = report.alarm.sample.ip
    rows = []
    for check in ("dns-system", "dns-resolve", "dns-delegation"):
        observation = _observation(report, check)
        for view in getattr(observation, "views", ()):
            rows.append(
                {
                    "server": view.server.label,
                    "outcome": words.word("dns_outcome", view.outcome),
                    "seconds": duration(view.elapsed, words),
                    "addresses": [{"text": address, "own": address == own} for address in view.addresses],
                }
            )
    return rows


def pushes(report: Report, words: Catalogue) -> dict[str, Any] | None:
    """Pushes by the minute as the access log has them, and a second before and in the window."""
    seen = _observation(report, "access-log")
    counts = getattr(seen, "counts", None)
    if counts is None or not counts.minutes:
        return None
    minutes = sorted(counts.minutes)
    most = max(count for _, count in minutes)
    first = minutes[0][0]
    span = (minutes[-1][0] - first) // 60 + 1
    rate = counts.requests / (60 * span)
    return {
        "columns": [{"at": (minute - first) // 60, "share": count / most} for minute, count in minutes],
        "minutes": span,
        "begin": _minute(first),
        "end": words.ui("beijing", time=_minute(minutes[-1][0] + 60)),
        "said": words.ui("pushes_rates", rate=rate, peak=most, requests=counts.requests)
        + (words.ui("pushes_before", rate=seen.before) if seen.before is not None else "")
        + (words.ui("pushes_failed", rate=report.alarm.rate) if report.alarm.rate is not None else ""),
    }


def _minute(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%H:%M")


def alarm_lines(report: Report, words: Catalogue) -> Iterator[tuple[str, str]]:
    """The alarm's own text as labels and values; of 错误样例 all that has a key."""
    alarm, sample = report.alarm, report.alarm.sample
    seen = moment(alarm.first_seen, words) if alarm.first_seen else None
    times = words.ui("times", count=alarm.count, window=alarm.window_minutes or 5) if alarm.count is not None else None
    pairs: Sequence[tuple[str, object]] = (
        ("Appid", alarm.appid),
        (words.word("label", "nickname"), alarm.nickname),
        (words.word("label", "time"), seen),
        (words.word("label", "description"), alarm.description),
        (words.word("label", "count"), times),
        *((printed, getattr(sample, name)) for name, printed in KEY_OF.items()),
        (words.word("label", "platform"), sample.platform),
        *sample.extra.items(),
    )
    for label, value in pairs:
        if value is True:  # a flag
            yield label, words.ui("yes")
        elif value not in (None, "") and value is not False:
            yield label, str(value)


def _observation(report: Report, check: str) -> Any:
    return next((result.observation for result in report.results if result.check == check), None)
