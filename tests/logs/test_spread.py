"""Requests over several lines: which last line belongs to which first, and what is said when none does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.logs.test_frameworks import AT, PUSH, findings_of
from wxalarm.logs import spread
from wxalarm.logs.formats import Key, Wanted
from wxalarm.logs.parsers import detect
from wxalarm.logs.records import target_of
from wxalarm.logs.spread import SpreadParser
from wxalarm.model import Basis

OTHER = PUSH.replace("oEXAMPLEopenid00000000000001", "oEXAMPLEopenid00000000000002")
PREFIX = "I, [2023-11-15T06:13:20.123456 #%s]  INFO -- : "


def began(head: str = "", push: str = PUSH, second: int = 20) -> str:
    return f'{head}Started POST "{push}" for 203.0.113.10 at 2023-11-15 06:13:{second} +0800'


def ended(head: str = "", status: str = "200 OK", took: int = 12) -> str:
    return f"{head}Completed {status} in {took}ms (Views: 0.1ms | ActiveRecord: 1.3ms | Allocations: 1234)"


def asked(number: int, push: str = PUSH, millis: int = 0) -> str:
    """What Fastify writes when a request comes in."""
    request = {"method": "POST", "url": push, "host": "example.com", "remoteAddress": "203.0.113.10", "remotePort": 4}
    time = AT * 1000 + millis
    return json.dumps(
        {"level": 30, "time": time, "pid": 1, "reqId": f"req-{number}", "req": request, "msg": "incoming request"}
    )


def answered(number: int, status: int = 200, took: float = 12.0) -> str:
    """What Fastify writes when it has answered."""
    return json.dumps(
        {
            "level": 30,
            "time": AT * 1000 + round(took),
            "pid": 1,
            "reqId": f"req-{number}",
            "res": {"statusCode": status},
            "responseTime": took,
            "msg": "request completed",
        }
    )


def failed(number: int) -> str:
    """What Fastify writes of an exception, with the request and its answer."""
    request = {"method": "POST", "url": PUSH}
    both = {"req": request, "res": {"statusCode": 500}, "err": {"type": "TypeError", "message": "no"}, "msg": "no"}
    return json.dumps({"level": 50, "time": AT * 1000 + 3, "pid": 1, "reqId": f"req-{number}", **both})


NOISE = '  Parameters: {"signature"=>"[FILTERED]", "openid"=>"oEXAMPLEopenid00000000000001"}'
LOGS: dict[str, tuple[tuple[str, ...], list[tuple[str, str | None]]]] = {
    "one after the other": (
        (
            began(),
            "Processing by WechatsController#create as */*",
            NOISE,
            ended(),
            "",
            began(push=OTHER),
            ended(took=30),
        ),
        [("200", "0.012"), ("200", "0.03")],
    ),
    "told apart by their ids": (
        (
            began("[6f1c1d2e-0000-4000-8000-000000000001] "),
            began("[6f1c1d2e-0000-4000-8000-000000000002] ", OTHER),
            ended("[6f1c1d2e-0000-4000-8000-000000000002] "),
            ended("[6f1c1d2e-0000-4000-8000-000000000001] ", "500 Internal Server Error", 6001),
        ),
        [("200", "0.012"), ("500", "6.001")],
    ),
    "told apart by their processes": (
        (began(PREFIX % 11), began(PREFIX % 12, OTHER), ended(PREFIX % 11, took=6001), ended(PREFIX % 12)),
        [("200", "6.001"), ("200", "0.012")],
    ),
    "a level of its own": (
        (
            began(PREFIX % 11),
            ended((PREFIX % 11).replace("INFO", "WARN").replace("I,", "W,"), "422 Unprocessable Entity"),
        ),
        [("422", "0.012")],
    ),
    "told apart by nothing": ((began(), began(push=OTHER), ended(took=6001), ended()), [("-", None), ("-", None)]),
    "no route": (
        (began(), "", 'ActionController::RoutingError (No route matches [POST] "/wx"):'),
        [("404", None)],
    ),
    "the end never came": ((began(), NOISE), [("-", None)]),
    "Fastify": (
        (
            '{"level":30,"time":1700000000000,"pid":1,"msg":"Server listening at http://0.0.0.0:3000"}',
            asked(1),
            asked(2, OTHER),
            answered(2, took=41.25),
            failed(1),
            answered(1, 500, 6001.0),
            asked(3, "/healthz"),
            answered(3),
        ),
        [("200", "0.04125"), ("500", "6.001")],
    ),
    "Fastify, behind a container's time": (
        tuple(f"app-1  | {line}" for line in (asked(1), answered(1, 502))),
        [("502", "0.012")],
    ),
    "Fastify, its end not here": ((asked(1),), [("-", None)]),
}


@pytest.mark.parametrize("name", LOGS)
def test_requests_are_put_together(name: str) -> None:
    lines, wanted = LOGS[name]
    parser = detect([line.encode() for line in lines], wanted=Wanted("/wx", signed=True))
    assert isinstance(parser, SpreadParser)
    found: list[Key] = []
    for line in lines:  # each in a chunk of its own: a request may go on in the next
        found += parser.columns(f"\n{line}\n".encode())[1]
    found += parser.rest()[1]
    values = [parser.values(key) for key in found]
    assert [(status.decode(), None if took == b"-" else took.decode()) for status, _, took, *_ in values] == wanted


def test_a_line_is_known_once_its_request_has_ended() -> None:
    parser = SpreadParser(Wanted("/wx"))
    line = began("[a-tag] ").encode()
    assert parser.matches(line)
    parser.join(b"\n" + line + b"\n")
    assert parser.record(line) is None
    parser.join(f"\n{ended('[a-tag] ', took=1500)}\n".encode())
    record = parser.record(line)
    assert record is not None
    assert target_of(record) == PUSH
    assert parser.seconds(record["time"].encode()) == AT + 1.5


@pytest.mark.parametrize(
    ("lines", "code", "basis"),
    [
        ((began(), NOISE, ended(took=6001)), "log-slow", Basis.RECORDED),
        ((began(), NOISE, ended(status="500 Internal Server Error")), "log-status", Basis.RECORDED),
        ((began(), NOISE, ended()), "log-answered", Basis.RECORDED),
        ((began(), ended(), "filler " * 30_000, began("[x] "), ended("[x] ")), "log-answered", Basis.RECORDED),
        ((began(push=OTHER), ended()), "log-request-missing", Basis.CONDITION),
        ((asked(1), answered(1, took=6001.0)), "log-slow", Basis.RECORDED),
        ((asked(1), failed(1), answered(1, 500)), "log-status", Basis.RECORDED),
        ((asked(1), answered(1)), "log-answered", Basis.RECORDED),
        ((asked(1, OTHER), answered(1)), "log-request-missing", Basis.CONDITION),
    ],
)
def test_what_is_found(lines: tuple[str, ...], code: str, basis: Basis, tmp_path: Path) -> None:
    guessed, found = findings_of("\n".join(lines), tmp_path)
    assert not guessed
    assert found[code] is basis


@pytest.mark.parametrize("held", [0, 100])
def test_a_request_that_goes_on_in_the_next_chunk(held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "_HELD", held)
    for filler in (1255, 1290):  # the first chunk ends between its lines
        begin = [began(push=OTHER), ended()]
        rest = [*["y" * 99] * 60, ended(took=6001), *["z" * 99] * 3000, began(push=OTHER), ended()]
        lines = [*begin, *["x" * 99] * filler, began(), *rest]
        _, found = findings_of("\n".join(lines), tmp_path)
        assert found["log-slow"] is Basis.RECORDED
