"""What is sent of a token's alarm."""

from __future__ import annotations

import json

from tests.background import Background
from wxalarm.cli.token_ways import message_of, sender
from wxalarm.lab import web
from wxalarm.messages import catalogue
from wxalarm.tokens.alarms import Alarm
from wxalarm.tokens.turn import Need
from wxalarm.watch.ways import Way

NEED = Need("wx0000000000000001/access_token", "access_token", account="shop")
FAILED = Alarm("id-1", "failed", 1_800_000_000.0, "allow-list", 40164, "192.0.2.77", failures=1, left=7000.4)


def test_alertmanager_is_told_the_beginning_and_the_end() -> None:
    with Background() as background, background.serving(web.serve(lambda heard: web.Said())) as site:
        way = Way("alertmanager", "alertmanager 127.0.0.1", f"alertmanager+{site.url('')}")
        send = sender(way, catalogue("en"))
        send(NEED, FAILED)
        send(NEED, Alarm("id-2", "recovered", 1_800_000_900.0, failures=3))
        got = [(heard.path, json.loads(heard.body)[0]) for heard in site.heard]
    assert [path for path, _ in got] == ["/api/v2/alerts"] * 2
    assert got[0][1]["labels"] == got[1][1]["labels"]
    assert "endsAt" not in got[0][1]
    assert got[1][1]["endsAt"] == got[1][1]["startsAt"]


def test_the_message_says_what_who_and_what_to_do_in_both_languages() -> None:
    for lang, words in (("en", "IP white list"), ("zh", "IP白名单")):
        message = message_of(NEED, FAILED, catalogue(lang))
        assert (message["id"], message["kind"], message["errcode"], message["ip"]) == (
            "id-1",
            "failed",
            40164,
            "192.0.2.77",
        )
        assert "192.0.2.77" in message["text"]
        assert words in message["text"]
    over = message_of(NEED, Alarm("id-2", "recovered", 1_800_000_900.0, failures=3), catalogue("en"))
    assert "after 3 failures" in over["text"]
