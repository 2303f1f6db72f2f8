"""What is said of a target: an alarm in short, in one language. Sentences are those of the catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from json import loads as load
from typing import Any

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render import chat, json
from wxalarm.render.redact import Redactor
from wxalarm.watch.allow_lists import SHOWN, Drift
from wxalarm.watch.rounds import level_of, said_by
from wxalarm.watch.states import Kind, Level, Told
from wxalarm.watch.targets import Watched

ALARM_SCHEMA = "wxalarm.watch.alarm/1"


def brief(report: Report, words: Catalogue) -> list[str]:
    """What a report says in a few lines: the chat form of its verdict, or of the warning that stands in its place."""
    return chat.answer(report, words, said_by(report))


def title(target: Watched, told: Told, words: Catalogue) -> str:
    """One line: which target, how it is now."""
    return words.ui(f"watch_{told.kind}", name=target.name, level=words.word("level", told.level.word))


def message_text(target: Watched, told: Told, report: Report, since: float, words: Catalogue) -> str:
    """A whole message. since: seconds of the wall clock from which on it is so."""
    lines = [title(target, told, words), target.url]
    if told.kind in (Kind.FLAPPING, Kind.SETTLED):
        lines.append(words.ui(f"watch_{told.kind}_text", changes=told.changes))
    if told.kind is not Kind.FLAPPING:
        lines.append(words.ui("watch_since", time=clock(since)))
    if told.level or told.kind is Kind.FLAPPING:
        lines += brief(report, words)
    return "\n".join(lines)


@cache
def alarm_schema() -> dict[str, Any]:
    """The JSON Schema of what a webhook gets."""
    made: dict[str, Any] = load(resources.files(__package__).joinpath("alarm.json").read_text("utf-8"))
    return made


def clock(time: float) -> str:
    """A moment in this machine's zone."""
    return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def listed(
    account: str, new: Sequence[str], gone: Sequence[str], drifts: Sequence[Drift], words: Catalogue
) -> tuple[str, str]:
    """(title, text) on WeChat's addresses and the allow lists that do not fit them."""
    lines = [words.ui("watch_list_title", account=account)]
    for key, found in (("watch_list_new", new), ("watch_list_gone", gone)):
        if found:
            lines.append(words.ui(key, found=found[:SHOWN], more=len(found)))
    for one in drifts:
        if one.missing:
            lines.append(
                words.ui("watch_list_missing", place=one.place, found=one.missing[:SHOWN], more=len(one.missing))
            )
        places = [f"{number}: {network}" for number, network in one.gone[:SHOWN]]
        if places:
            lines.append(words.ui("watch_list_stale", place=one.place, found=places, more=len(one.gone)))
    return lines[0], "\n".join(lines)


def list_body(
    id: str, target: Watched, said: tuple[str, str], report: Report, time: float, words: Catalogue
) -> dict[str, Any]:
    """What a webhook gets of that."""
    told = Told(Kind.REMINDER, level_of(report) or Level.UP, time)
    return body(id, target, told, report, time, time, words) | {"kind": "list", "title": said[0], "text": said[1]}


def perhaps_body(id: str, title: str, words: Catalogue) -> dict[str, Any]:
    """What goes out, by a way without ids, after a message of which nobody knows whether it did."""
    return {
        "id": id,
        "kind": "perhaps",
        "title": words.ui("watch_perhaps_title"),
        "text": words.ui("watch_perhaps_text", title=title),
    }


def body(
    id: str, target: Watched, told: Told, report: Report, time: float, since: float, words: Catalogue
) -> dict[str, Any]:
    """What a webhook gets: the message, and the report as `diagnose -f json` gives it. Secrets are hidden."""
    hidden = Redactor(reveal=True)
    (shown,) = hidden.reports([report])
    return {
        "schema": ALARM_SCHEMA,
        "id": id,
        "kind": str(told.kind),
        "target": target.name,
        "account": target.account,
        "url": hidden.text(target.url),
        "state": told.level.word,
        "code": finding.code.id if told.level and (finding := said_by(report)) else None,
        "time": datetime.fromtimestamp(time).astimezone().isoformat(),
        "since": datetime.fromtimestamp(since).astimezone().isoformat(),
        "title": hidden.text(title(target, told, words)),
        "text": hidden.text(message_text(target, told, shown, since, words)),
        "report": json.document([shown], (), words),
    }
