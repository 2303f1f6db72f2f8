"""Nothing is sent where neither the user nor the alarm may lead: listening traps, and an eye on every socket.

The command runs in a process of its own whose audit events tell each address it connects or sends to; the servers that
must not be reached listen all the same, so that a connection would succeed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.lab import dns, http, tcp

pytestmark = pytest.mark.slow  # each starts the command

METADATA = "169.254.169.254"
"""Where clouds keep credentials."""
HOST = "wx.example.com"
NETWORK = "dns-system,dns-resolve,tcp-connect,tls-handshake,http-request"
TRACED = """
import json, os, sys

reached = []

def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(args[1], tuple):
        reached.append(list(args[1][:2]))

sys.addaudithook(watch)
from wxalarm.cli import main
sys.argv = ["wxalarm", *sys.argv[1:]]
try:
    main()
finally:
    with open(os.environ["TRACE"], "w") as file:
        json.dump(reached, file)
"""


@dataclass
class Ran:
    """What the command said, and every address it sent to."""

    out: str
    reached: list[tuple[str, int]]

    @property
    def codes(self) -> set[str]:
        (codes,) = self.all_codes
        return codes

    @property
    def all_codes(self) -> list[set[str]]:
        """The codes of each report."""
        return [
            {finding["code"] for result in report["results"] for finding in result["findings"]}
            for report in json.loads(self.out)["reports"]
        ]

    @property
    def hosts(self) -> set[str]:
        return {host for host, _ in self.reached}


@dataclass
class Trap:
    """A listening server that nobody may come to."""

    port: int
    visits: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def trap() -> AsyncIterator[Trap]:
    visits: list[bytes] = []

    async def read(reader: asyncio.StreamReader) -> None:
        place = len(visits)
        visits.append(b"connected")
        visits[place] += await reader.read(4096)

    async with http.listen(http.respond(), read) as port:
        yield Trap(port, visits)


def alarm(url: str, ip: str = "") -> str:
    return f"""\
Appid: wx0000000000000001
昵称: 示例
时间: 2026-01-01 12:00:00
内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法
次数: 5分钟 37次
错误样例: [OpenID=oAAAAAAAAAAAAAAAAAAAAAAAAAA1][Stamp=1767240000][OuterIP=][3rdUrl={url}][IP={ip}][MsgType=1][Msg=Text]
"""


async def wxalarm(
    tmp_path: Path, text: str, *flags: str, config: str = "", checks: str = NETWORK, named: bool = True
) -> Ran:
    trace = tmp_path / "trace.json"
    (tmp_path / "wxalarm.toml").write_text(config or "[dns]\nservers = []\nsystem = ['127.0.0.1:9']\n", "utf-8")
    formats = () if "-f" in flags else ("-f", "json")
    by_name = ("--config", "wxalarm.toml") if named else ()  # else it is found
    arguments = ["diagnose", *by_name, "--only", checks, "--timeout", "4", "--reveal", *formats, *flags]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", TRACED, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "TRACE": str(trace), "PYTHONPATH": str(ROOT), "T": "labtoken"},
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate(text.encode())
    assert process.returncode in (0, 1, 3), err.decode()
    return Ran(out.decode(), [(host, port) for host, port in json.loads(trace.read_text("utf-8"))])


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(90):
            await main()

    asyncio.run(bounded())


def test_the_trap_and_the_eye_can_see(tmp_path: Path) -> None:
    """What the user names is a target: the control of every test below."""

    async def main() -> None:
        async with trap() as there:
            ran = await wxalarm(
                tmp_path,
                alarm(f"http://{HOST}:{there.port}/cb"),
                *("--resolve", f"{HOST}:{there.port}:127.0.0.1"),
            )
            assert (tcp.LOOPBACK, there.port) in ran.reached
            assert any(b"GET /cb HTTP/1.1" in visit for visit in there.visits)

    run(main)


def test_an_inner_address_out_of_dns_is_a_finding_and_no_target(tmp_path: Path) -> None:
    inner = ["127.0.0.1", METADATA, "10.0.0.1", "198.18.0.7", "0.0.0.0", "::1", "fe80::1", "::ffff:127.0.0.1"]

    async def main() -> None:
        records = [f"host{n}.example.com. 60 IN {'AAAA' if ':' in ip else 'A'} {ip}" for n, ip in enumerate(inner)]
        async with trap() as there, dns.serve("\n".join(records)) as resolver:
            config = f"[dns]\nservers = ['{resolver.label}']\nsystem = ['{resolver.label}']\n"
            text = "".join(alarm(f"http://host{n}.example.com:{there.port}/cb") for n in range(len(inner)))
            ran = await wxalarm(tmp_path, text, config=config)
            assert {name for name, _, _ in resolver.questions} == {f"host{n}.example.com" for n in range(len(inner))}
            assert set(ran.reached) == {(tcp.LOOPBACK, resolver.port)}
            assert not there.visits
            assert len(ran.all_codes) == len(inner)
            for ip, codes in zip(inner, ran.all_codes, strict=True):
                assert codes & {"private-address", "dns-fake-ip"}, ip

    run(main)


def test_loopback_out_of_dns_is_no_target_even_of_a_url_that_the_user_gave(tmp_path: Path) -> None:
    async def main() -> None:
        async with trap() as there, dns.serve(f"{HOST}. 60 IN A 127.0.0.1\n{HOST}. 60 IN A {METADATA}\n") as resolver:
            config = f"[dns]\nservers = ['{resolver.label}']\nsystem = ['{resolver.label}']\n"
            url = f"http://{HOST}:{there.port}/cb"
            ran = await wxalarm(tmp_path, alarm(url), "--url", url, config=config)
            assert set(ran.reached) == {(tcp.LOOPBACK, resolver.port)}
            assert not there.visits

    run(main)


def test_an_inner_address_out_of_the_alarm_is_no_target(tmp_path: Path) -> None:
    inner = ["127.0.0.1", METADATA, "192.168.1.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]

    async def main() -> None:
        async with trap() as there, dns.serve("example.com. 60 IN SOA a. b. 1 1 1 1 1\n") as resolver:
            config = f"[dns]\nservers = ['{resolver.label}']\nsystem = ['{resolver.label}']\n"
            text = "".join(alarm(f"http://{HOST}:{there.port}/cb", ip) for ip in inner)
            ran = await wxalarm(tmp_path, text, config=config, checks=f"sample,{NETWORK}")
            assert set(ran.reached) <= {(tcp.LOOPBACK, resolver.port)}
            assert not there.visits
            for ip, codes in zip(inner, ran.all_codes, strict=True):
                assert "private-address" in codes, ip

    run(main)


INSIDE = (
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "0x7f000001",
    "2130706433",
    "127.1",
    "0177.0.0.1",
    "127.0.0.1.",
    METADATA,
    f"[::ffff:{METADATA}]",
    "wx.example.com@127.0.0.1",
    "127.0.0.1:80@localhost",
)
"""Ways to write this machine, and the address where clouds keep credentials, as the host of a URL."""


def test_an_alarm_s_url_that_leads_inside_is_no_target(tmp_path: Path) -> None:
    async def main() -> None:
        # The resolver says what a stupid one would: that every such name is this machine.
        names = "".join(f"{name}. 60 IN A 127.0.0.1\n" for name in ("localhost", "0x7f000001", "2130706433", "127.1"))
        async with trap() as there, dns.serve(names) as resolver:
            config = f"[dns]\nservers = ['{resolver.label}']\nsystem = ['{resolver.label}']\n"
            text = "".join(alarm(f"http://{host}:{there.port}/latest/meta-data/") for host in INSIDE)
            ran = await wxalarm(tmp_path, text, config=config)
            assert len(ran.all_codes) == len(INSIDE)
            assert set(ran.reached) <= {(tcp.LOOPBACK, resolver.port)}
            assert not there.visits

    run(main)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_shown_and_not_followed(tmp_path: Path, status: int) -> None:
    async def main() -> None:
        requests: list[bytes] = []
        async with trap() as there:
            answer = http.redirect(f"http://127.0.0.1:{there.port}/elsewhere", status)
            async with http.serve(answer, requests=requests) as port:
                config = f"""\
[accounts.shop]
appid = "wx0000000000000001"
url = "http://{HOST}:{port}/cb"
token_env = "T"
[dns]
servers = []
"""
                ran = await wxalarm(
                    tmp_path,
                    alarm(f"http://{HOST}:{port}/cb"),
                    *("--resolve", f"{HOST}:{port}:127.0.0.1"),
                    config=config,
                    checks=EVERYTHING_SENT,
                )
            assert requests
            assert set(ran.reached) == {(tcp.LOOPBACK, port)}
            assert not there.visits
            assert "http-redirect" in ran.codes

    run(main)


def test_credentials_in_a_url_are_neither_sent_nor_shown(tmp_path: Path) -> None:
    async def main() -> None:
        requests: list[bytes] = []
        async with http.serve(http.respond(502), requests=requests) as port:
            url = f"http://admin:hunter2@{HOST}:{port}/cb"
            resolve = ("--resolve", f"{HOST}:{port}:127.0.0.1")
            outputs = [
                (await wxalarm(tmp_path, alarm(url), *resolve, *more)).out
                for more in ((), ("--url", url), ("-f", "text"), ("-f", "html"), ("-f", "markdown"))
            ]
        assert requests
        for request in requests:
            assert request.startswith(b"GET /cb HTTP/1.1\r\nHost: wx.example.com:")
            assert b"hunter2" not in request
            assert b"authorization" not in request.lower()
        for out in outputs:
            assert "502" in out
            assert "hunter2" not in json.dumps(_without_alarm(out))

    run(main)


def _without_alarm(out: str) -> object:
    """A report without its alarm, which is data as it was printed."""
    try:
        data = json.loads(out)
    except ValueError:
        return out
    for report in data["reports"]:
        del report["alarm"]
    return data


def test_without_push_nothing_but_unsigned_gets_leaves_for_a_host_that_only_the_alarm_named(tmp_path: Path) -> None:
    async def main() -> None:
        requests: list[bytes] = []
        async with http.serve(http.respond(), requests=requests) as port:
            config = """\
[accounts.shop]
appid = "wx0000000000000001"
url = "https://another.example.com/callback"
token_env = "T"
[dns]
servers = []
"""
            for flags in ((), ("--push",)):
                ran = await wxalarm(
                    tmp_path,
                    alarm(f"http://{HOST}:{port}/cb"),
                    *("--resolve", f"{HOST}:{port}:127.0.0.1", *flags),
                    config=config,
                    checks=EVERYTHING_SENT,
                )
                assert set(ran.reached) == {(tcp.LOOPBACK, port)}
        assert requests
        for request in requests:
            assert request.startswith(b"GET /cb HTTP/1.1\r\n")
            assert b"signature" not in request

    run(main)


def test_without_push_no_post_leaves_for_the_account_s_own_host(tmp_path: Path) -> None:
    async def main() -> None:
        requests: list[bytes] = []
        async with http.serve(http.respond(), requests=requests) as port:
            config = f"""\
[accounts.shop]
appid = "wx0000000000000001"
url = "http://{HOST}:{port}/cb"
token_env = "T"
[dns]
servers = []
"""
            await wxalarm(
                tmp_path,
                alarm(f"http://{HOST}:{port}/cb"),
                *("--resolve", f"{HOST}:{port}:127.0.0.1"),
                config=config,
                checks=EVERYTHING_SENT,
            )
        assert requests
        assert {request.split(b" ", 1)[0] for request in requests} == {b"GET"}

    run(main)


def _sending_checks() -> str:
    """All checks that talk to the callback, so that one that is added later is held to the same."""
    from wxalarm.checks import CHECKS

    elsewhere = {"domain-registration", "dns-delegation", "dns-system", "dns-resolve", "ping", "clock", "host-clock"}
    return ",".join(
        check.id for check in CHECKS if check.network and check.id not in elsewhere and not check.id.startswith("api")
    )


EVERYTHING_SENT = _sending_checks()


@pytest.mark.parametrize("key", ["app_secret_file", "app_secret_env", "access_token_env"])
def test_a_configuration_that_is_found_leads_no_secret_away(tmp_path: Path, key: str) -> None:
    async def main() -> None:
        key_file = tmp_path / "id_ed25519"
        key_file.write_text("labtoken", "utf-8")
        key_file.chmod(0o600)
        async with trap() as there:
            config = f"""\
[accounts.shop]
appid = "wx0000000000000001"
{key} = "{key_file if key.endswith("_file") else "T"}"
[api]
base_url = "http://127.0.0.1:{there.port}"
[dns]
servers = []
system = ["127.0.0.1:9"]
"""
            text = alarm("")  # no host: nothing else is asked
            ran = await wxalarm(tmp_path, text, config=config, checks="callback-ips,wechat-view", named=False)
            assert (ran.reached, there.visits) == ([], [])
            ran = await wxalarm(tmp_path, text, config=config, checks="callback-ips,wechat-view")
            assert (tcp.LOOPBACK, there.port) in ran.reached, "the user has named it"
            assert any(b"labtoken" in visit for visit in there.visits)

    run(main)


def test_a_configuration_that_is_found_names_no_server_inside(tmp_path: Path) -> None:
    """As an alarm does not: it is somebody else's word until the user has agreed."""

    async def main() -> None:
        async with trap() as there:
            config = f"""\
[accounts.shop]
appid = "wx0000000000000001"
url = "http://127.0.0.1:{there.port}/admin"
[dns]
servers = []
system = ["127.0.0.1:{there.port}"]
[registration]
rdap = "http://127.0.0.1:{there.port}/"
"""
            ran = await wxalarm(tmp_path, alarm(""), config=config, checks=EVERYTHING_SENT, named=False)
            assert ran.reached == []
            ran = await wxalarm(tmp_path, alarm(""), config=config, checks=EVERYTHING_SENT)
            assert there.port in {port for _, port in ran.reached}, "the user has named it"
            assert there.visits

    run(main)
