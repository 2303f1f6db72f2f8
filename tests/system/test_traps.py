"""What neither the user nor a public DNS names is never connected to: listening traps, and Python's audit events."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from tests import clock
from wxalarm.config import Dns, Settings
from wxalarm.diagnosis import contexts
from wxalarm.lab import http as lab
from wxalarm.lab.dns import serve as serve_dns
from wxalarm.model import Report, Status
from wxalarm.parser import parse
from wxalarm.runner import Run

CONNECTING = ("tcp-connect", "tls-handshake", "http-request", "ping")
ONLY = ("sample", "dns-system", "dns-resolve", *CONNECTING)
HOST = "wx.example.com"
_heard: list[str] | None = None


def _hook(event: str, args: tuple[object, ...]) -> None:
    if _heard is not None and event in ("socket.connect", "socket.sendto"):
        address = args[1]
        _heard.append(str(address[0]) if isinstance(address, tuple) else str(address))


sys.addaudithook(_hook)  # can never be taken away again: it does nothing outside `watched`


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """Every address that this process connects or sends to."""
    global _heard
    heard: list[str] = []
    _heard = heard
    try:
        yield heard
    finally:
        _heard = None


@contextlib.asynccontextmanager
async def trap() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that must hear nothing: its port, and the first bytes of every connection."""
    caught: list[bytes] = []

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caught.append(b"connected")
        writer.transport.abort()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], caught


def alarm(url: str, ip: str = "", outer_ip: str = "") -> str:
    return f"""Appid: wx0000000000000001
昵称: 示例
时间: 2026-01-01 12:00:00
内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法
次数: 5分钟 33次
错误样例: [OpenID=oAAAA0000000000000000000001][Stamp=1767240000][OuterIP={outer_ip}][3rdUrl={url}][IP={ip}][MsgType=1]
"""


async def diagnosed(
    text: str,
    *,
    url: str | None = None,
    resolver: str = "127.0.0.1:9",
    resolve: dict[str, tuple[str, ...]] | None = None,
) -> Report:
    settings = Settings(dns=Dns(servers=(resolver,), system=(resolver,)), timeout=3.0)
    ready = contexts(parse(text).alarms, settings, url=url, resolve=resolve)
    (report,) = await Run(ready, only=ONLY).reports()
    return report


def skipped(report: Report) -> set[str]:
    return {result.check for result in report.results if result.status is Status.SKIP}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_loopback_url_out_of_an_alarm_is_no_target(scheme: str) -> None:
    async def main() -> tuple[Report, list[bytes]]:
        async with trap() as (port, caught):
            return await diagnosed(alarm(f"{scheme}://127.0.0.1:{port}/x", "127.0.0.1", "127.0.0.1")), caught

    report, caught = clock.run(main())
    assert caught == []
    assert set(CONNECTING) <= skipped(report)


def test_the_trap_catches_what_the_user_names() -> None:
    """That the test above can fail."""

    async def main() -> list[bytes]:
        async with trap() as (port, caught):
            url = f"http://127.0.0.1:{port}/x"
            await diagnosed(alarm(url), url=url)
            return caught

    assert clock.run(main()) != []


INNER = ("127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "::ffff:127.0.0.1")


# A private address behind a name that the user gives is a target: it may be his own network.
@pytest.mark.parametrize(("inner", "by_user"), [*itertools.product(INNER, (False, True)), ("10.0.0.1", False)])
def test_a_dns_answer_that_points_inside_is_no_target(inner: str, by_user: bool) -> None:
    rtype = "AAAA" if ":" in inner else "A"

    async def main() -> tuple[Report, list[bytes]]:
        async with trap() as (port, caught), serve_dns(f"{HOST}. 60 IN {rtype} {inner}") as resolver:
            url = f"http://{HOST}:{port}/x"
            return await diagnosed(alarm(url), url=url if by_user else None, resolver=resolver.label), caught

    with watched() as heard:
        report, caught = clock.run(main())
    assert caught == []
    assert set(heard) <= {"127.0.0.1"}, "nobody but the resolver"
    assert {"tcp-connect", "http-request"} <= skipped(report)


@pytest.mark.parametrize("inner", ["127.0.0.1", "169.254.169.254", "10.0.0.1"])
def test_an_inner_address_out_of_an_alarm_is_no_target(inner: str) -> None:
    """Neither as the server's address nor as WeChat's, also when the user names the host."""

    async def main() -> list[bytes]:
        async with trap() as (port, caught), serve_dns() as resolver:
            url = f"http://{HOST}:{port}/x"
            await diagnosed(alarm(url, inner, inner), url=url, resolver=resolver.label)
            return caught

    with watched() as heard:
        assert clock.run(main()) == []
    assert set(heard) <= {"127.0.0.1"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_after_a_redirect(status: int) -> None:
    async def main() -> tuple[Report, list[bytes]]:
        async with trap() as (port, caught):
            answer = lab.redirect(f"http://127.0.0.1:{port}/", status)
            async with lab.serve(answer) as server:
                url = f"http://{HOST}:{server}/x"
                made = await diagnosed(alarm(url), resolve={f"{HOST}:{server}": ("127.0.0.1",)})
        return made, caught

    report, caught = clock.run(main())
    assert caught == []
    assert report.cause is not None
    assert report.cause.finding.code.id == "http-redirect"


@pytest.mark.parametrize("where", ["--url", "alarm"])
def test_credentials_in_a_url_are_not_sent(where: str) -> None:
    requests: list[bytes] = []

    async def main() -> None:
        async with lab.serve(lab.respond(), requests=requests) as port:
            url = f"http://someone:s3cret@{HOST}:{port}/x"
            named = {"url": url} if where == "--url" else {}
            await diagnosed(alarm(url), resolve={f"{HOST}:{port}": ("127.0.0.1",)}, **named)

    clock.run(main())
    (request,) = requests
    assert b"s3cret" not in request
    assert b"someone" not in request
    assert b"authorization" not in request.lower()
    assert request.startswith(b"GET /x HTTP/1.1\r\n")
