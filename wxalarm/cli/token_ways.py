"""Alarms of `wxalarm token keep` on the ways out of [watch], in words."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wxalarm.watch.ways import Way, report_states, send

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue
    from wxalarm.tokens.alarms import Alarm
    from wxalarm.tokens.outbox import Send
    from wxalarm.tokens.turn import Need

SCHEMA = "wxalarm.token.alarm/1"


def sender(way: Way, words: Catalogue) -> Send:
    """Sends an alarm by a way. Raises WayError."""

    def call(need: Need, alarm: Alarm) -> None:
        message = message_of(need, alarm, words)
        if way.kind == "alertmanager":
            report_states(way, [_alert(message)])
        else:
            send(way, message)

    return call


def said(event: str, name: str, facts: dict[str, Any], words: Catalogue) -> str:
    """The sentence on what happened. facts: case, errcode, ip, rid, failure; failures and left. None is secret."""
    values = {**facts, "name": name, "left": round(max(0.0, facts["left"]))}
    return words.ui(f"token_event_{event.replace('-', '_')}", **values)


def message_of(need: Need, alarm: Alarm, words: Catalogue) -> dict[str, Any]:
    """The message of a webhook; of it title and text go to people."""
    title = words.ui("token_alarm_over" if alarm.event == "recovered" else "token_alarm", account=need.account)
    return {
        "schema": SCHEMA,
        "id": alarm.id,
        "kind": alarm.event,
        "name": need.name,
        "account": need.account,
        "time": datetime.fromtimestamp(alarm.time, UTC).isoformat(timespec="seconds"),
        "case": alarm.case,
        "errcode": alarm.errcode if alarm.case else None,
        "ip": alarm.ip,
        "title": title,
        "text": said(alarm.event, need.name, asdict(alarm), words),
    }


def _alert(message: dict[str, Any]) -> dict[str, Any]:
    """The message as Alertmanager takes it; what has gone by ends the alert of that token."""
    made: dict[str, Any] = {
        "labels": {"alertname": "WxalarmToken", "name": message["name"], "account": message["account"]},
        "annotations": {"summary": message["title"], "description": message["text"]},
        "startsAt": message["time"],
    }
    return {**made, "endsAt": message["time"]} if message["kind"] == "recovered" else made
