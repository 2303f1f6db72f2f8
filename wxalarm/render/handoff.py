"""Report → the text to send to whoever has to act: the WeChat team, a provider, a third-party platform, the server's
own people. It names what the receiver needs to find the failure, and nothing else.

To WeChat and to platforms it is in Chinese, whatever the language of the run: they read Chinese. What is shown is not
hidden by tokens (a token finds nothing in anybody's log), but secrets are masked before anything comes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wxalarm.checks import CHECKS
from wxalarm.messages import Catalogue, catalogue
from wxalarm.model import Report, Status
from wxalarm.render.incidents import Page, extent, page_from
from wxalarm.render.text import shorten, visible
from wxalarm.render.view import moment
from wxalarm.render.why import adviser, elsewhere

MOST = 5
"""Incidents that are written about, those with the most failures."""
BODY = 200
"""Characters of the answer that WeChat saw."""
ROOMS = {"dns": "dns", "network": "host"}
"""Who is asked, by the room of checks/ that the cause was found in; of all others, our own people."""
OWN = ("http", "reply", "verify", "tls", "tcp-refused")
"""Codes of the network's room that the server's own people have to mend, by how they begin."""
WECHAT = ("api-dns", "api-ping")
"""Codes of what WeChat alone sees otherwise."""
FIELDS = {
    "wechat": ("account", "kind", "time", "outer_ip", "url", "ip", "push", "saw"),
    "platform": ("account", "kind", "time", "outer_ip", "url", "ip", "push", "saw"),
    "host": ("time", "address", "saw_network"),
    "dns": ("time", "name", "ip"),
    "own": ("kind", "time", "url", "ip", "push", "saw"),
}
"""What each receiver needs, by the keys of [handoff.line]."""
CHINESE = ("wechat", "platform")


def receiver(report: Report) -> str:
    """Who is to be asked: "wechat", "platform", "host", "dns", or "own" people. Without a cause it is WeChat, once all
    that matters here was looked at."""
    if elsewhere(adviser(report)):
        return "platform"
    if report.cause is None:
        return "own" if report.untold else "wechat"
    code = report.cause.finding.code.id
    check = next((check for check in CHECKS if check.id == report.cause.check), None)
    room = check.probe.__module__.split(".")[2] if check else "alarm"
    if code.startswith(WECHAT):
        return "wechat"
    return "own" if code.startswith(OWN) else ROOMS.get(room, "own")


def render(reports: Sequence[Report], words: Catalogue, page: Page | None = None, host: str = "") -> str:
    """The letters, one for each incident. host: where it was tested from."""
    page = page or page_from(reports)
    letters = []
    for one in page["incidents"][:MOST]:
        if one["reports"]:
            report = reports[one["reports"][0]]
            to = receiver(report)
            chosen = catalogue("zh") if to in CHINESE else words
            many = extent(one, page, chosen) if one["alarms"] > 1 else ""
            letters.append("\n".join(visible(line) for line in _letter(report, to, chosen, many, host)))
    return "\n\n---\n\n".join(letters) + "\n"


def _letter(report: Report, to: str, words: Catalogue, many: str, host: str) -> Iterator[str]:
    def said(*path: str, **values: object) -> str:
        return words.handoff(*path, **values)

    yield said("to", to)
    yield ""
    yield said("ask", to)
    for name in FIELDS[to]:
        if (value := _value(name, report, words)) is not None:
            yield said("line", name, value=value)
    if many:
        yield said("line", "many", value=many)
    yield ""
    yield said("tested", host=host) if host else said("tested_here")
    for result in report.results:
        if result.status in (Status.PASS, Status.WARN, Status.FAIL) and _shown(result.check, to):
            worse = [finding for finding in result.findings if finding.code.severity != "note"]
            text = words.finding(worse[0], "text") if worse else words.handoff("fine")
            yield said("result", check=words.check(result.check), text=shorten(text, BODY))
    if report.cause is not None:
        sure = words.ui(str(report.cause.root.certainty))
        yield said("verdict", title=words.heading(report.cause.finding.code), certainty=sure)
    yield ""
    yield said("please", to)


def _shown(check_id: str, to: str) -> bool:
    """Whether a receiver can do anything with what a check saw: a provider with its own layer, WeChat with all that is
    seen from outside, our own people with everything."""
    check = next((check for check in CHECKS if check.id == check_id), None)
    room = check.probe.__module__.split(".")[2] if check else ""
    wanted = {"dns": ("dns",), "host": ("dns", "network"), "own": (room,)}.get(to, ("dns", "network", "wechat"))
    return room in wanted and (check is not None and (check.sends or to == "own"))


def _value(name: str, report: Report, words: Catalogue) -> str | None:
    """What stands behind a label; None when the alarm does not tell."""
    alarm, sample, target = report.alarm, report.alarm.sample, report.target
    match name:
        case "account":
            return " ".join(part for part in (alarm.appid, alarm.nickname) if part) or None
        case "kind":
            return words.kind(alarm.kind)
        case "time":
            if alarm.first_seen is None:
                return None
            times = words.ui("times", count=alarm.count, window=alarm.window_minutes or 5) if alarm.count else ""
            return words.ui("dot").join(part for part in (moment(alarm.first_seen, words), times) if part)
        case "outer_ip":
            return sample.outer_ip or None
        case "url":
            return target.url
        case "ip":
            return sample.ip or None
        case "name":
            return target.host
        case "address":
            ip = sample.ip or target.alarm_ip
            return " ".join(part for part in (target.host, ip, words.handoff("port", port=target.port)) if part)
        case "push":
            parts = [("OpenID", sample.openid), ("Stamp", sample.stamp), ("Event", sample.event), ("Msg", sample.msg)]
            return words.ui("list_comma").join(f"{label}={value}" for label, value in parts if value) or None
    return _saw(report, name == "saw_network", words)


def _saw(report: Report, network: bool, words: Catalogue) -> str | None:
    """What WeChat got."""
    sample = report.alarm.sample
    parts = []
    if sample.curl_error is not None:
        parts.append(f"cURL error {sample.curl_error}")
    elif network:
        parts.append(words.kind(report.alarm.kind))
    if sample.http_code is not None and not network:
        parts.append(f"HTTP {sample.http_code}")
    if sample.decrypt_failed:
        parts.append("decrypt fail")
    if sample.response_content and not network:
        parts.append(shorten(" ".join(sample.response_content.split()), BODY))
    return words.ui("list_comma").join(parts) or None
