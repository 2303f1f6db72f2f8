"""`wxalarm diagnose` on real servers: a closed port, a full listen queue, a dead half of a pool, in both languages."""

from __future__ import annotations

import asyncio
import json
import subprocess
from datetime import datetime, timedelta

import pytest

from tests.cli_support import wxalarm
from wxalarm.lab import http, tcp
from wxalarm.model import BEIJING

pytestmark = pytest.mark.slow  # each starts the command
HOST = "wx.example.com"
ALARM = """Appid: wx0000000000000001
昵称: 示例
时间: {seen:%Y-%m-%d %H:%M:%S}
内容: 微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒
次数: 5分钟 33次
错误样例: [OpenID=oAAAA0000000000000000000001][Stamp={stamp}][OuterIP=][3rdUrl=http://{host}:{port}/wx][IP=][MsgType=1]
"""


QUICK = ("--only", "sample,tcp-connect")
EVERY = ("--skip", "nginx-config,access-log,error-log,host-network")
"""A test beside this one may run an nginx of its own on this machine, or fill a listen queue."""


async def diagnosed(port: int, *options: str, addresses: str = "127.0.0.1") -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, while the servers of this event loop go on."""
    seen = datetime.now(BEIJING) - timedelta(minutes=6)
    text = ALARM.format(host=HOST, port=port, seen=seen, stamp=int(seen.timestamp())).encode()
    arguments = ("diagnose", "--resolve", f"{HOST}:{port}:{addresses}", "--url", f"http://{HOST}:{port}/wx", *options)
    return await asyncio.to_thread(lambda: wxalarm(*arguments, stdin=text))


async def closed(*options: str) -> subprocess.CompletedProcess[bytes]:
    async with tcp.refused() as port:
        return await diagnosed(port, *options)


async def full(*options: str) -> subprocess.CompletedProcess[bytes]:
    async with tcp.full_queue() as port:
        return await diagnosed(port, "--timeout", "1.5", *options)


@pytest.mark.parametrize(
    ("lang", "cause", "said", "do"),
    [
        (
            "en",
            "Cause (likely): Port refuses connections (tcp-refused)",
            "refuses connections (cURL error 7)",
            "Start the service",
        ),
        ("zh", "原因（很可能）：端口拒绝连接 (tcp-refused)", "端口拒绝连接（cURL 错误 7）", "启动服务"),
    ],
)
@pytest.mark.parametrize("only", [EVERY, QUICK], ids=["all checks", "tcp"])
def test_a_closed_port(lang: str, cause: str, said: str, do: str, only: tuple[str, ...]) -> None:
    done = asyncio.run(closed("--lang", lang, *only))
    text = done.stdout.decode()
    assert done.returncode == 1
    for words in (cause, said, do):
        assert words in text.replace("\n  ", ""), text


@pytest.mark.parametrize(
    ("lang", "cause", "said"),
    [
        ("en", "Cause (likely): Port takes no connection (tcp-timeout)", "takes no connection: no answer in 1."),
        ("zh", "原因（很可能）：端口连接超时 (tcp-timeout)", "端口连接超时：1."),
    ],
)
def test_a_full_listen_queue(lang: str, cause: str, said: str) -> None:
    done = asyncio.run(full("--lang", lang, *QUICK))
    text = done.stdout.decode()
    assert done.returncode == 1
    assert cause in text
    assert said in text.replace("\n  ", ""), text


def test_json_names_the_same_cause() -> None:
    for run, code, curl in ((closed, "tcp-refused", 7), (full, "tcp-timeout", 28)):
        done = asyncio.run(run("-f", "json", *QUICK))
        (report,) = json.loads(done.stdout)["reports"]
        assert report["cause"]["code"] == code
        assert report["cause"]["certainty"] == "likely"
        assert report["cause"]["evidence"]["curl"] == curl
        assert done.returncode == 1


def test_a_half_dead_pool_names_the_dead_and_the_living() -> None:
    async def main() -> subprocess.CompletedProcess[bytes]:
        async with http.serve(http.respond()) as port, tcp.refused("127.0.0.2", port):
            return await diagnosed(port, *QUICK, addresses="127.0.0.1,127.0.0.2")

    text = asyncio.run(main()).stdout.decode()
    assert "127.0.0.2 port" in text
    assert "Working: 127.0.0.1" in text


def test_repeats_show_percentiles() -> None:
    async def main() -> subprocess.CompletedProcess[bytes]:
        async with http.serve(http.respond()) as port:
            return await diagnosed(port, *QUICK, "--repeat", "5", "-f", "json")

    (report,) = json.loads(asyncio.run(main()).stdout)["reports"]
    (result,) = (one for one in report["results"] if one["check"] == "tcp-connect")
    assert result["status"] == "pass"
    assert len(result["observation"]["attempts"]) == 5
    (finding,) = result["findings"]
    assert finding["code"] == "tcp-times"
    assert 0 <= finding["evidence"]["p50"] <= finding["evidence"]["p95"] <= finding["evidence"]["longest"] < 3
