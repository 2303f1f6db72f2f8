"""The HTTP door as a program on the same machine, or behind the token, sees it: a real server, a real client."""

from __future__ import annotations

import dataclasses
import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wxalarm.config import Account, Settings
from wxalarm.tokens import Tokens, metrics, status
from wxalarm.tokens import row as rows
from wxalarm.tokens.door import Door, open_door
from wxalarm.tokens.needs import needs_of, row_name
from wxalarm.tokens.row import Pace
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import StoreError, look, make

APPID = "wx0000000000000001"
SHOP = Account("shop", APPID, secrets={"app_secret_env": "X"})
NAME = row_name(SHOP)
SECRET = "made-up-door-token"
Answer = tuple[int, str, dict[str, str]]


class Client:
    def __init__(self, place: str, tokens: Tokens) -> None:
        self.place, self.tokens = place, tokens

    def __call__(
        self, path: str, method: str = "GET", body: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(self.place, timeout=20)
        connection.request(method, path, body, headers or {})
        got = connection.getresponse()
        answer = got.status, got.read().decode(), {name.lower(): value for name, value in got.getheaders()}
        connection.close()
        return answer


@contextmanager
def opened(folder: Path, secret: str | None = None, held: str | None = None) -> Iterator[Client]:
    store = open_store(f"sqlite:///{folder}/tokens.db")
    tokens = Tokens(Settings(accounts=(SHOP,)), store)

    def shown() -> str:
        found = status.read(store, needs_of(tokens.settings), Pace())
        return metrics.text(found, Counter({(NAME, "refreshed"): 3}), tokens.reader.errors, (door.served, door.refused))

    door = Door(tokens, secret, shown, lambda name: held if name == NAME else None)
    served = open_door(door, "127.0.0.1", 0)
    try:
        yield Client(served.place, tokens)
    finally:
        served.close()
        store.close()


def test_it_gives_the_token_and_tells_nobody_to_keep_it(tmp_path: Path) -> None:
    with opened(tmp_path) as client:
        assert client("/token/shop")[:2] == (503, "token-none")
        make(client.tokens.store, NAME, rows.given("token-1", 7200.0))
        code, body, headers = client("/token/shop")
        assert (code, body) == (200, "token-1")
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


@pytest.mark.parametrize(
    ("path", "method", "code"),
    [
        ("/token/shpo", "GET", 404),
        ("/token/", "GET", 404),
        ("/token/a/b", "GET", 404),
        ("/token/%2e%2e%2fshop", "GET", 404),
        ("/", "GET", 404),
        ("/token/shop", "POST", 405),
        ("/rejected/shop", "GET", 405),
        ("/token/shop?kind=jsapi_ticket", "GET", 503),
    ],
)
def test_what_is_not_there(tmp_path: Path, path: str, method: str, code: int) -> None:
    with opened(tmp_path) as client:
        assert client(path, method)[0] == code


@pytest.mark.parametrize("shown", [None, "Bearer", "Bearer wrong", SECRET, f"Basic {SECRET}", f"Bearer {SECRET}x"])
def test_with_a_token_only_who_shows_it_gets_in(tmp_path: Path, shown: str | None) -> None:
    with opened(tmp_path, SECRET) as client:
        make(client.tokens.store, NAME, rows.given("token-1", 7200.0))
        for path in ("/token/shop", "/metrics", "/nothing"):
            code, body, headers = client(path, headers={"Authorization": shown} if shown else {})
            assert (code, body, headers["www-authenticate"]) == (401, "", "Bearer")
        right = {"Authorization": f"Bearer {SECRET}", "Host": "tokens.example.com"}
        assert client("/token/shop", headers=right)[:2] == (200, "token-1")


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("evil.example.com", 403),
        ("127.0.0.1", 200),
        ("localhost:80", 200),
        ("[::1]:1", 200),
        ("127.0.0.1.evil", 403),
        ("[", 403),
    ],
)
def test_without_a_token_a_page_whose_name_leads_here_is_refused(tmp_path: Path, host: str, code: int) -> None:
    with opened(tmp_path) as client:
        make(client.tokens.store, NAME, rows.given("token-1", 7200.0))
        assert client("/token/shop", headers={"Host": host})[0] == code


def test_a_worker_may_say_that_wechat_refused_it(tmp_path: Path) -> None:
    with opened(tmp_path) as client:
        store = client.tokens.store
        make(store, NAME, rows.given("token-1", 7200.0))
        make(store, NAME, lambda row, now: dataclasses.replace(row, refreshed_at=now - 100.0))
        assert client("/token/shop")[0] == 200
        assert client("/rejected/shop", "POST", "another")[0] == 204
        assert client("/token/shop")[0] == 200, "it was not that one"
        assert client("/rejected/shop", "POST", "token-1\n")[0] == 204
        assert client("/token/shop")[:2] == (503, "token-refused")
        assert look(store, NAME).row.rejected_at


def test_while_the_store_is_down_the_keeper_gives_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, held="token-in-memory") as client:

        def away(name: str) -> None:
            raise StoreError("away")

        monkeypatch.setattr(client.tokens.store, "read", away)
        assert client("/token/shop")[:2] == (200, "token-in-memory")
        assert client("/token/shop?kind=jsapi_ticket")[:2] == (503, "token-store-down")


def test_metrics_are_what_prometheus_reads_and_hold_no_token(tmp_path: Path) -> None:
    with opened(tmp_path) as client:
        make(client.tokens.store, NAME, rows.given("token-1", 7200.0))
        client("/token/shop")
        code, body, headers = client("/metrics")
        assert (code, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        by = f'{{name="{NAME}",account="shop"}}'
        lines = dict(line.rsplit(" ", 1) for line in body.splitlines() if not line.startswith("#"))
        assert 7100 < float(lines[f"wxalarm_token_seconds_left{by}"]) <= 7200
        assert lines[f'wxalarm_token_refreshes_total{{name="{NAME}",result="refreshed"}}'] == "3"
        assert lines["wxalarm_token_store_up"] == "1"
        assert lines['wxalarm_token_door_requests_total{result="answered"}'] == "1"
        assert "token-1" not in body


PLATFORM, AUTHORIZER = "wx0000000000000002", "wx0000000000000003"
MINE = Account("mine", PLATFORM, platform=True, secrets={"app_secret_env": "X"})
RIGHT = {"Authorization": f"Bearer {SECRET}"}


def test_what_was_pushed_may_be_handed_in_by_who_shows_the_token(tmp_path: Path) -> None:
    with opened(tmp_path, SECRET) as client:
        client.tokens.settings = Settings(accounts=(SHOP, MINE))
        assert client("/ticket/mine", "POST", "ticket@@@1\n", RIGHT)[0] == 204
        assert client(f"/authorized/mine?authorizer={AUTHORIZER}", "POST", "refreshtoken@@@1", RIGHT)[0] == 204
        ticket = look(client.tokens.store, row_name(MINE, "component_verify_ticket"))
        assert ticket.row.value == "ticket@@@1"
        assert 43000 < ticket.row.valid_until - ticket.now <= 43200
        assert look(client.tokens.store, row_name(MINE, None, AUTHORIZER)).row.refresh_token == "refreshtoken@@@1"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/ticket/shop", "ticket@@@1", (400, "token-no-platform")),
        ("/ticket/mine", "", (400, "token-bad-value")),
        ("/ticket/mine", "<xml>not decrypted</xml> and more", (400, "token-bad-value")),
        ("/ticket/mine", "x" * 9000, (400, "token-bad-value")),
        ("/authorized/mine", "refreshtoken@@@1", (400, "token-bad-appid")),
        ("/authorized/mine?authorizer=wx1/../x", "refreshtoken@@@1", (400, "token-bad-appid")),
        ("/ticket/nobody", "ticket@@@1", (404, "")),
    ],
)
def test_what_is_no_ticket_changes_nothing(tmp_path: Path, path: str, body: str, expected: tuple[int, str]) -> None:
    with opened(tmp_path, SECRET) as client:
        client.tokens.settings = Settings(accounts=(SHOP, MINE))
        assert client(path, "POST", body, RIGHT)[:2] == expected
        assert client.tokens.store.names() == []


@pytest.mark.parametrize("path", ["/ticket/mine", f"/authorized/mine?authorizer={AUTHORIZER}"])
def test_without_a_token_nothing_is_taken_in_from_whoever_is_on_this_machine(tmp_path: Path, path: str) -> None:
    with opened(tmp_path) as client:
        client.tokens.settings = Settings(accounts=(SHOP, MINE))
        assert client(path, "POST", "ticket@@@1")[0] == 403
        assert client.tokens.store.names() == []


def test_a_ticket_that_the_store_does_not_take_is_not_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str) -> None:
        raise StoreError("away")

    with opened(tmp_path, SECRET) as client:
        client.tokens.settings = Settings(accounts=(MINE,))
        monkeypatch.setattr(client.tokens.store, "read", away)
        assert client("/ticket/mine", "POST", "ticket@@@1", RIGHT)[:2] == (503, "token-store-down")
