"""Ways out, by real servers on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.watch.hook import hook
from wxalarm.config import ConfigError, Watch
from wxalarm.watch.ways import Way, WayError, known, report_states, send, ways_of

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # a library of apprise's

MESSAGE = {"id": "shop-1", "title": "shop: DOWN", "text": "shop: DOWN\nhttps://wx.example.com/"}


def test_a_webhook_gets_the_message_and_its_id() -> None:
    with hook() as server:
        send(Way("webhook", "webhook", server.url), MESSAGE)
    assert server.came == [("/hook/secret-key", MESSAGE)]
    assert server.headers[0]["Idempotency-Key"] == "shop-1"


def test_apprise_sends_what_it_is_given() -> None:
    with hook() as server:
        way = Way("apprise", "json", f"json://127.0.0.1:{server.port}/robot")
        assert known(way)
        send(way, MESSAGE)
    ((path, body),) = server.came
    assert (path, body["title"], body["message"]) == ("/robot", MESSAGE["title"], MESSAGE["text"])


@pytest.mark.parametrize("status", [302, 400, 404, 500])
@pytest.mark.parametrize("scheme", ["webhook+http", "json"])
def test_what_a_way_refuses_is_an_error_without_its_url(status: int, scheme: str) -> None:
    with hook() as server:
        server.status = status
        url = f"{scheme}://127.0.0.1:{server.port}/hook/secret-key"
        with pytest.raises(WayError) as caught:
            send(Way("apprise" if scheme == "json" else "webhook", "x", url), MESSAGE)
    assert "secret-key" not in str(caught.value)
    assert not server.came, "and no redirect is followed"


def test_a_way_that_is_not_there_is_an_error_without_its_url() -> None:
    with hook() as server:
        pass
    with pytest.raises(WayError, match="refused") as caught:
        send(Way("webhook", "x", server.url), MESSAGE)
    assert "secret-key" not in str(caught.value)


def test_alertmanager_is_told_by_its_api() -> None:
    with hook() as server:
        way = Way("alertmanager", "x", f"alertmanager+http://127.0.0.1:{server.port}/prefix/")
        report_states(way, [{"labels": {"alertname": "A"}}])
    assert server.came == [("/prefix/api/v2/alerts", [{"labels": {"alertname": "A"}}])]


def test_ways_come_from_the_file_a_variable_and_a_secret_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "ways"
    secret.write_text("# robots\n\nwecombot://0000aaaa-key\nwecombot://0000bbbb-key\n")
    secret.chmod(0o600)
    monkeypatch.setenv("ROBOTS", "dingtalk://token/  webhook+https://hooks.example.com/secret-key")
    watch = Watch(ways=("alertmanager+http://127.0.0.1:9093",), ways_env=("ROBOTS", "NOT_SET"), ways_file=str(secret))
    ways = ways_of(watch, "wxalarm.toml")
    assert [(way.kind, way.label) for way in ways] == [
        ("alertmanager", "alertmanager 127.0.0.1:9093"),
        ("apprise", "dingtalk"),
        ("webhook", "webhook hooks.example.com"),
        ("apprise", "wecombot"),
        ("apprise", "wecombot #2"),
    ]
    assert "key" not in repr(ways)
    assert "token" not in repr(ways)


@pytest.mark.parametrize(
    ("watch", "reason", "place"),
    [
        (Watch(ways=("wecombot://secret-key",)), "watch-way-secret", "wxalarm.toml: watch.ways [1]"),
        (Watch(ways=("webhook+http://user:secret-key@h/",)), "watch-way-secret", "wxalarm.toml: watch.ways [1]"),
        (Watch(ways=("webhook+http://[user:secret-key@h/",)), "watch-way-secret", "wxalarm.toml: watch.ways [1]"),
        (Watch(ways=("webhook+http://[secret-key",)), "watch-way", "wxalarm.toml: watch.ways [1]"),
        (Watch(ways=("webhook+ftp://h/secret-key",)), "watch-way", "wxalarm.toml: watch.ways [1]"),
        (Watch(ways_env=("BAD",)), "watch-way", "$BAD [2]"),
    ],
)
def test_what_is_no_way_is_refused_by_its_place(
    watch: Watch, reason: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAD", "webhook+http://127.0.0.1/ secret-key")
    monkeypatch.delenv("WXALARM_WAYS", raising=False)
    with pytest.raises(ConfigError) as caught:
        ways_of(watch, "wxalarm.toml")
    assert (caught.value.reason.id, caught.value.reason.values["place"]) == (reason, place)
    assert "secret-key" not in str(caught.value)


def test_a_scheme_that_apprise_does_not_know_is_known_as_such() -> None:
    assert not known(Way("apprise", "nosuch", "nosuch://x"))
