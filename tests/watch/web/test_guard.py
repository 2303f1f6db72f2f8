"""What stands before every route, by requests that are made up; over sockets it is seen with the page."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from wxalarm.watch.web.guard import BURST, COOKIE, HEADERS, LARGEST, Guard


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)}")(scope, receive, send)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(guard: Guard, headers: Mapping[str, str], method: str = "GET", pieces: Sequence[bytes] = ()) -> Message:
    """The start of the answer."""
    sent: list[Message] = []
    body = iter(pieces)

    async def receive() -> Message:
        piece = next(body, b"")
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in {"Host": "127.0.0.1:9420", **headers}.items()]
    scope = {"type": "http", "method": method, "path": "/", "headers": raw, "client": ("192.0.2.1", 1)}
    scope.update({"query_string": b"", "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 9420)})
    try:
        asyncio.run(guard(scope, receive, send))
    except ClientDisconnect:
        assert not sent
        return {"status": 0}
    return sent[0]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def status(headers: Mapping[str, str], token: str | None = None, **values: object) -> int:
    guard = Guard(echo, address="127.0.0.1", token=token, hosts=("watch.example.com",))
    return int(ask(guard, headers, **values)["status"])  # type: ignore[arg-type]  # method and body


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:9420", 200),
        ("[::1]:9420", 200),
        ("192.0.2.7", 200),
        ("localhost:9420", 200),
        ("watch.example.com", 200),
        ("evil.example.com", 421),
        ("watch.example.com.evil.example", 421),
        ("", 421),
        ("[::1", 421),
    ],
)
def test_a_host_that_is_not_ours_is_refused(host: str, expected: int) -> None:
    assert status({"Host": host}) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Origin": "http://127.0.0.1:9420"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_another_page_cannot_use_this_one(headers: dict[str, str], expected: int) -> None:
    assert status(headers) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 401),
        ({"Authorization": "Bearer made-up"}, 200),
        ({"Authorization": "bearer made-up"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": basic("anybody:made-up")}, 200),
        ({"Authorization": basic("made-up:")}, 401),
        ({"Authorization": "Basic !!!"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Cookie": f"a=b; {COOKIE}=made-up"}, 200),
        ({"Cookie": f"a=b; {COOKIE}=wrong"}, 401),
    ],
)
def test_with_a_token_nothing_is_answered_without(headers: dict[str, str], expected: int) -> None:
    assert status(headers, token="made-up") == expected


def test_a_body_is_bounded_whether_its_length_is_told_or_not() -> None:
    assert status({"Content-Length": str(LARGEST + 1)}, method="POST") == 413
    assert status({"Content-Length": "many"}, method="POST") == 413
    assert status({}, method="POST", pieces=[b"x" * LARGEST]) == 200
    assert status({}, method="POST", pieces=[b"x" * 65536] * 17) != 200


def test_posts_and_wrong_tokens_are_rationed_and_reading_is_not() -> None:
    clock = Clock()
    for headers, method, first in (({}, "POST", 200), ({"Authorization": "Bearer wrong"}, "GET", 401)):
        token = None if first == 200 else "made-up"
        guard = Guard(echo, address="127.0.0.1", token=token, clock=clock)
        seen = [ask(guard, headers, method)["status"] for _ in range(int(BURST) + 3)]
        assert seen == [first] * int(BURST) + [429] * 3
        clock.now += 3600
        assert ask(guard, headers, method)["status"] == first
    guard = Guard(echo, address="127.0.0.1", token=None, clock=clock)
    assert {ask(guard, {})["status"] for _ in range(100)} == {200}


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example"}, {"Origin": "null"}])
def test_the_usual_headers_are_on_every_answer(headers: dict[str, str]) -> None:
    answer = ask(Guard(echo, address="127.0.0.1", token=None), headers)
    names = {name.decode() for name, _ in answer["headers"]}
    assert {name.lower() for name in HEADERS} <= names
