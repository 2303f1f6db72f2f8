"""Incidents as plain data, which JSON has and every page is made of; and the words of a page's lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from wxalarm.incidents import Blocks, Fold, Group, Incident, Overview, TicketRun, overview, span
from wxalarm.incidents.fold import SLOT
from wxalarm.model import BEIJING, AlarmKind, Report

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

SLOTS = 48
"""Columns of a timeline, at most."""
MOST = 500
"""Incidents that are listed, those with the most failures; the others are counted."""
VALUES = 20
"""Values of a field that are listed, those with the most failures."""
LEVELS = " ▁▂▃▄▅▆▇█"
PLAIN_LEVELS = " .:-=+*#@"
"""For terminals whose encoding has no blocks."""
Page = Mapping[str, Any]


def page_of(overview: Overview, reports: Sequence[Report]) -> Page:
    """All that a page shows, as plain data; reports by their places in `reports`."""
    places = {id(report): place for place, report in enumerate(reports)}
    order = {group.number: place for place, one in enumerate(overview.incidents[:MOST]) for group in one.groups}
    begin, width, count = _slots(overview.incidents)
    shown = overview.incidents[:MOST]
    return {
        "incidents_in_all": len(overview.incidents),
        "alarms": overview.alarms,
        "duplicates": overview.duplicates,
        "since": _iso(begin) if count else None,
        "until": _iso(begin + width * count) if count else None,
        "slot": width,
        "incidents": [_incident(one, places, begin, width, count) for one in shown],
        "blocks": [_blocks(one, order) for one in overview.blocks],
        "tickets": [_ticket(one) for one in overview.tickets],
    }


def _incident(one: Incident, places: Mapping[int, int], begin: int, width: int, count: int) -> dict[str, Any]:
    report = one.report
    cause = report.cause if report else None
    return {
        "kind": str(one.kind),
        "place": one.place,
        "cause": cause.finding.code.id if cause else None,
        "certainty": str(cause.root.certainty) if cause else None,
        "alarms": one.alarms,
        "failures": one.failures,
        "accounts": one.accounts,
        "since": _iso(one.first),
        "until": _iso(one.last),
        "counts": {
            name: dict(sorted(tally.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES])
            for name in one.groups[0].counts
            if (tally := one.counts(name))
        },
        "timeline": one.timeline(begin, width, count) if count else [],
        "reports": [places[id(each)] for each in one.reports if id(each) in places],
    }


def _blocks(one: Blocks, order: Mapping[int, int]) -> dict[str, Any]:
    return {
        "appid": one.appid,
        "first": _place(one.first, order),
        "blocks": [
            {
                "at": _iso(block.at),
                "until": _iso(block.until),
                "failures": block.failures,
                "rate": block.rate,
                "lost": block.lost,
                "precursors": [_place(group, order) for group in block.precursors],
            }
            for block in one.blocks
        ],
    }


def _place(group: Group | None, order: Mapping[int, int]) -> int | None:
    return None if group is None else order.get(group.number)


def _ticket(one: TicketRun) -> dict[str, Any]:
    return {
        "appid": one.appid,
        "since": _iso(one.start),
        "until": _iso(one.end),
        "failures": one.failures,
        "good": _iso(one.good),
        "source": one.source,
        "dies": _iso(one.dies),
    }


def _slots(incidents: Sequence[Incident]) -> tuple[int, int, int]:
    """(begin, seconds of a slot, slots) of the timeline over all; no slot when no alarm has a time."""
    ends = span(incidents)
    if ends is None:
        return 0, SLOT, 0
    slots = (ends[1] - ends[0]) // SLOT
    width = SLOT * -(-slots // SLOTS)
    return ends[0], width, -(-(ends[1] - ends[0]) // width)


def _iso(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, BEIJING).isoformat()


# --- words ---


def clock(iso: str | None, words: Catalogue, *, date: bool = True) -> str:
    """A time of the page's data, of Beijing."""
    if iso is None:
        return words.ui("no_time")
    time = datetime.fromisoformat(iso)
    return time.strftime("%Y-%m-%d %H:%M" if date else "%H:%M")


def headline(page: Page, words: Catalogue) -> str:
    """How many alarms and incidents, and from when to when."""
    said = words.ui(
        "page_head",
        alarms=page["alarms"],
        again=page["duplicates"],
        incidents=words.ui_count("incidents", page["incidents_in_all"]),
    )
    if page["since"]:
        when = words.ui("page_span", since=clock(page["since"], words), until=clock(page["until"], words))
        said += words.ui("dot") + words.ui("beijing", time=when)
    return said


def title(one: Mapping[str, Any], reports: Sequence[Report], words: Catalogue) -> str:
    """What and where: the kind, the place, the verdict and how sure it is."""
    parts = [words.kind(AlarmKind(one["kind"]))]
    if one["place"]:
        parts.append(one["place"])
    report = reports[one["reports"][0]] if one["reports"] else None
    if report is None:
        parts.append(words.ui("not_diagnosed"))
    elif report.cause is None:
        parts.append(words.ui("no_cause"))
    else:
        sure = words.ui(str(report.cause.root.certainty))
        parts.append(words.ui("title_sure", title=words.heading(report.cause.finding.code), certainty=sure))
    return words.ui("dot").join(parts)


def extent(one: Mapping[str, Any], page: Page, words: Catalogue) -> str:
    """Since when, how many; what differs within it."""
    parts = []
    if one["since"]:
        long = datetime.fromisoformat(page["until"]) - datetime.fromisoformat(page["since"]) >= timedelta(days=1)
        since, until = (clock(one[end], words, date=long)[-11:] for end in ("since", "until"))
        parts.append(words.ui("page_span", since=since, until=until))
    alarms = words.ui_count("alarms", one["alarms"])
    parts.append(words.ui("failures_in", failures=words.ui_count("failures", one["failures"]), alarms=alarms))
    parts.append(words.ui_count("accounts", one["accounts"]))
    for name, label in (("http_code", "HTTP {}"), ("curl_error", "cURL {}"), ("ip", "{}")):
        if values := list(one["counts"].get(name, ())):
            shown = words.ui("list_comma").join(values[:3]) + ("…" if len(values) > 3 else "")
            parts.append(label.format(shown))
    return words.ui("dot").join(parts)


def blocks_line(one: Mapping[str, Any], page: Page, words: Catalogue) -> str:
    """The account's timeline: blocked when, released when, again, what to fix first."""
    blocks = one["blocks"]
    times = words.ui("list_comma").join(
        words.ui("block_span", at=_second(block["at"]), until=_second(block["until"])) for block in blocks[:4]
    )
    lost = [block["lost"] for block in blocks if block["lost"] is not None]
    said = words.ui("blocks", appid=one["appid"], times=times + ("…" if len(blocks) > 4 else ""), count=len(blocks))
    if lost:
        said += words.ui("blocks_lost", lost=sum(lost), rate=max(block["rate"] or 0 for block in blocks))
    if one["first"] is None:
        return said + words.ui("blocks_alone")
    first = page["incidents"][one["first"]]
    kind = words.kind(AlarmKind(first["kind"]))
    return said + words.ui("blocks_first", number=one["first"] + 1, kind=kind, place=first["place"] or "")


def ticket_line(one: Mapping[str, Any], words: Catalogue) -> str:
    """When the platform's tokens end."""
    return words.ui(
        "ticket_run",
        appid=one["appid"],
        since=clock(one["since"], words),
        until=clock(one["until"], words),
        dies=clock(one["dies"], words),
        source=one["source"],
        good=clock(one["good"], words),
        failures=one["failures"],
    )


def _second(iso: str) -> str:
    return datetime.fromisoformat(iso).strftime("%H:%M:%S")


def bar(values: Sequence[int], most: int, levels: str = LEVELS) -> str:
    """A row of a timeline: what failed at all shows."""
    top = len(levels) - 1
    return "".join(levels[max(1, round(value * top / most)) if value else 0] for value in values)


def page_from(reports: Sequence[Report]) -> Page:
    """The page of reports alone, where nobody folded their alarms."""
    fold = Fold()
    of: dict[int, list[Report]] = {}
    for report in reports:
        if (group := fold.add(report.alarm)) is not None:
            of.setdefault(group.number, []).append(report.example or report)
    return page_of(overview(fold, of), reports)


def is_page(page: Page) -> bool:
    """Whether there is more than one incident."""
    return len(page["incidents"]) > 1


def notes(page: Page, words: Catalogue) -> list[str]:
    """What several alarms tell together: MarkFails and tickets. One alone says it in its report."""
    if page["alarms"] < 2:
        return []
    blocks = [blocks_line(one, page, words) for one in page["blocks"]]
    return blocks + [ticket_line(one, words) for one in page["tickets"]]
