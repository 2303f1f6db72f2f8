"""What Alertmanager is told of a token."""

from __future__ import annotations

import json

from tests.background import Background
from wxalarm.cli.token_ways import Ways
from wxalarm.lab import web
from wxalarm.tokens import errors
from wxalarm.tokens.errors import Failed
from wxalarm.tokens.turn import Need, Told
from wxalarm.watch.ways import Way

NEED = Need("wx0000000000000001/access_token", "access_token", account="shop")


def test_alertmanager_is_told_the_beginning_and_the_end() -> None:
    with Background() as background, background.serving(web.serve(lambda heard: web.Said())) as site:
        way = Way("alertmanager", "alertmanager 127.0.0.1", f"alertmanager+{site.url('')}")
        ways = Ways([way], lambda label, error: None)
        ways.take(Told(NEED, "failed", Failed(errors.ALLOW_LIST, 40164, "192.0.2.77"), 1), "title", "text")
        ways.take(Told(NEED, "recovered"), "over", "text")
        ways.close()
        got = [(heard.path, json.loads(heard.body)[0]) for heard in site.heard]
    assert [path for path, _ in got] == ["/api/v2/alerts"] * 2
    assert got[0][1]["labels"] == got[1][1]["labels"]
    assert "endsAt" not in got[0][1]
    assert got[1][1]["endsAt"] == got[1][1]["startsAt"]


def test_a_way_that_does_not_answer_holds_nobody_up() -> None:
    failed: list[str] = []
    ways = Ways(
        [Way("webhook", "webhook 127.0.0.1", "webhook+http://127.0.0.1:1/")], lambda label, _: failed.append(label)
    )
    for _ in range(2000):
        ways.take(Told(NEED, "failed", Failed(errors.RETRY, -1), 5), "title", "text")
    ways._stop.set()
    ways.close()
    assert failed == ["webhook 127.0.0.1"]
