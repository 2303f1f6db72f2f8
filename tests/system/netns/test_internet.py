"""`wxalarm diagnose < alarm.txt` with no flags, on a developer's machine in a small Internet with one fault each.

The defaults are real: the guide's resolver on 182.254.116.116, ports 80 and 443, this machine's own resolv.conf.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.system.netns.world import (
    BLACKHOLE,
    CALLBACK,
    GONE,
    HOSTS,
    LAME,
    NEW,
    OLD,
    REFUSES,
    SERVFAILS,
    SILENT,
    World,
    missing,
    world,
)

pytestmark = [
    pytest.mark.netns,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

CONTENT = {
    "invalid": "微信服务器向公众号推送消息或事件后，得到的回应不合法",
    "connect": "微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒",
    "request": "微信服务器向公众号推送消息或事件后，开发者5秒内没有返回",
    "dns": "微信服务器向公众号推送消息或事件时，解析DNS时发现是无效域名",
}
CONFIG = """
[accounts.shop]
appid = "wx0000000000000001"
url = "{url}"
token_env = "SHOP_TOKEN"
access_token_env = "SHOP_ACCESS_TOKEN"
"""


TOKEN = {"SHOP_TOKEN": "wxalarmtoken"}
BOTH = {**TOKEN, "SHOP_ACCESS_TOKEN": "made-up-access-token"}


@pytest.fixture(scope="module")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


def alarm(content: str, url: str, ip: str, tail: str = "[Event=Click Menu Url]") -> str:
    return (
        "Appid: wx0000000000000001\n昵称: 示例\n时间: 2026-01-01 12:00:00\n"
        f"内容: {CONTENT[content]}\n次数: 5分钟 33次\n"
        f"错误样例: [OpenID=oAAAA0000000000000000000001][Stamp=1767240000][OuterIP={CALLBACK}][3rdUrl={url}]"
        f"[IP={ip}]{tail}\n"
    )


def diagnosed(
    internet: World, tmp_path: Path, text: str, url: str, secrets: Mapping[str, str] = TOKEN, more: str = ""
) -> dict[str, Any]:
    (tmp_path / "wxalarm.toml").write_text(CONFIG.format(url=url) + more, "utf-8")
    (tmp_path / "alarm.txt").write_text(text, "utf-8")
    code, out, err = internet.run(
        ["diagnose", "--config", "wxalarm.toml", "-f", "json", "--reveal", "alarm.txt"], tmp_path, "", dict(secrets)
    )
    assert out, err
    (report,) = json.loads(out)["reports"]
    report["exit"] = code
    assert isinstance(report, dict)
    return report


FAULTS = {
    "dropped SYNs": ("connect", "http", "dropped", None, "", "tcp-timeout"),
    "delay": ("connect", "http", "delay", None, "", "tcp-slow"),
    "refused": ("invalid", "http", "refused", None, "[cURL Error=7]", "tcp-refused"),
    "split views": ("dns", "http", "split", HOSTS["healthy"], "", "dns-view-differs"),
    "expired certificate": ("invalid", "https", "expired", None, "", "tls-expired"),
    "missing intermediate": ("invalid", "https", "chain", None, "", "tls-chain-incomplete"),
    "301": ("invalid", "http", "redirect", None, "", "http-redirect"),
    "405": ("invalid", "https", "getonly", None, "[http code=405]", "http-status"),
    "502": ("invalid", "https", "gateway", None, "", "http-status"),
    "slow upstream": ("request", "http", "slow", None, "", "http-timeout"),
    "wrong echo": ("invalid", "https", "echo", None, "", "verify-echo-wrong"),
    "quoted success": (
        "invalid",
        "https",
        "quoted",
        None,
        '[response_length=9][response_content="success"]',
        "reply-quoted",
    ),
    "moved IP": ("connect", "https", "moved", GONE, "", "dns-ip-moved"),
    "moved to the neighbour": ("connect", "http", "neighbour", OLD, "", "dns-ip-moved"),
    "only the guide's resolver has the old address": ("connect", "http", "stale", OLD, "", "dns-ip-moved"),
    "a dead node of a CDN": ("connect", "http", "cdn", GONE, "", "dns-ip-moved"),
    "refused by the guide's resolver": ("dns", "http", REFUSES, HOSTS["healthy"], "", "dns-refused"),
    "SERVFAIL of the guide's resolver": ("dns", "http", SERVFAILS, HOSTS["healthy"], "", "dns-servfail"),
    "silence of the guide's resolver": ("dns", "http", SILENT, HOSTS["healthy"], "", "dns-timeout"),
    "… and a closed port beside it": ("dns", "http", REFUSES, HOSTS["refused"], "", "dns-refused"),
    "IPv6 only": ("dns", "http", "six", None, "", "dns-no-ipv4"),
    "lame delegation": ("dns", "http", "wx.lame", HOSTS["healthy"], "", "dns-delegation-broken"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_cause_is_the_fault(internet: World, tmp_path: Path, fault: str) -> None:
    content, scheme, name, ip, tail, code = FAULTS[fault]
    url = f"{scheme}://{name}.example.com/callback"
    text = alarm(content, url, ip or HOSTS.get(name, ""), f"[Event=Click Menu Url]{tail}")
    report = diagnosed(internet, tmp_path, text, url)
    assert report["cause"] is not None, report
    assert report["cause"]["code"] == code, [
        (result["check"], finding["code"], finding["severity"], finding["text"])
        for result in report["results"]
        for finding in result["findings"]
    ]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("content", ["connect", "request", "dns"])
def test_nothing_is_wrong_on_the_healthy_host(internet: World, tmp_path: Path, content: str, scheme: str) -> None:
    url = f"{scheme}://healthy.example.com/callback"
    report = diagnosed(internet, tmp_path, alarm(content, url, HOSTS["healthy"]), url)
    worse = [
        (result["check"], finding["code"], finding["text"])
        for result in report["results"]
        for finding in result["findings"]
        if finding["severity"] != "note"
    ]
    assert worse == []
    assert report["cause"] is None
    # Healthy as far as the network tells; the logs, or WeChat's own view, were not looked at.
    assert report["exit"] == 3
    assert any(gap["matters"] for gap in report["not_checked"])
    assert {result["status"] for result in report["results"]} <= {"pass", "skip"}


def found(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every finding by its code and address."""
    return {
        f"{finding['code']} {finding['evidence'].get('address', '')}".strip(): finding
        for result in report["results"]
        for finding in result["findings"]
    }


@pytest.mark.parametrize("name", ["cdn", "healthy"])
def test_a_pool_whose_left_member_still_lives_is_a_note(internet: World, tmp_path: Path, name: str) -> None:
    """By CNAME, and as neighbours: the alarm's address is in no answer, and takes connections."""
    url = f"http://{name}.example.com/callback"
    report = diagnosed(internet, tmp_path, alarm("connect", url, HOSTS["quoted"]), url)
    note = found(report)[f"dns-ip-moved {HOSTS['quoted']}"]
    assert (note["severity"], note["evidence"]["tcp"]) == ("note", "alive")
    assert report["cause"] is None
    assert {one["severity"] for one in found(report).values()} <= {"note"}


@pytest.mark.parametrize(("server", "said"), [(LAME, "REFUSED"), (GONE, "s")])
def test_a_resolver_that_serves_nobody_here_blames_nothing(
    internet: World, tmp_path: Path, server: str, said: str
) -> None:
    url = "http://healthy.example.com/callback"
    text = alarm("dns", url, HOSTS["healthy"])
    report = diagnosed(internet, tmp_path, text, url, more=f'[dns]\nservers = ["{server}"]\n')
    (note,) = [one for one in found(report).values() if one["evidence"].get("case") == "every"]
    assert note["severity"] == "note"
    assert note["evidence"]["control"] == "api.weixin.qq.com"
    assert said in note["evidence"]["control_said"]
    assert report["cause"] is None
    assert {one["severity"] for one in found(report).values()} <= {"note"}


def test_an_address_without_a_way_from_here_is_no_fault_of_the_host(internet: World, tmp_path: Path) -> None:
    url = "http://six.example.com/callback"
    report = diagnosed(internet, tmp_path, alarm("connect", url, ""), url)
    assert {one["severity"] for one in found(report).values()} <= {"note", "warning"}
    (tcp,) = [result for result in report["results"] if result["check"] == "tcp-connect"]
    assert (tcp["status"], "2001:db8::10" in tcp["reason"]) == ("skip", True)


def test_what_the_dead_address_says_is_the_evidence(internet: World, tmp_path: Path) -> None:
    url = "http://stale.example.com/callback"
    moved = found(diagnosed(internet, tmp_path, alarm("connect", url, OLD), url))[f"dns-ip-moved {OLD}"]
    evidence = moved["evidence"]
    assert (moved["severity"], moved["basis"]) == ("error", "reproduced")
    assert (evidence["ip"], evidence["tcp"], evidence["addresses"], evidence["living"]) == (
        OLD,
        "timeout",
        [NEW],
        [NEW],
    )
    assert (evidence["case"], evidence["holders"]) == ("guide", ["182.254.116.116"])


def test_without_an_address_in_the_alarm_the_view_that_leads_astray_is_named(internet: World, tmp_path: Path) -> None:
    url = "http://stale.example.com/callback"
    text = alarm("connect", url, "").replace("[IP=]", "")
    report = diagnosed(internet, tmp_path, text, url)
    assert report["cause"]["code"] == "dns-view-differs"
    assert report["cause"]["evidence"]["address"] == OLD


def test_wechats_own_view_is_asked_by_its_own_name(internet: World, tmp_path: Path) -> None:
    """The API stands on api.weixin.qq.com; it resolves every callback to the healthy host's address."""
    url = "https://healthy.example.com/callback"
    report = diagnosed(internet, tmp_path, alarm("request", url, HOSTS["healthy"]), url, BOTH)
    status = {result["check"]: result["status"] for result in report["results"]}
    assert (status["callback-ips"], status["wechat-view"], status["ping"]) == ("pass", "pass", "pass")
    assert report["cause"] is None

    url = "https://quoted.example.com/callback"
    report = diagnosed(internet, tmp_path, alarm("request", url, HOSTS["quoted"]), url, BOTH)
    assert report["cause"]["code"] == "api-dns-differs"


def test_the_blackhole_is_one(internet: World) -> None:
    """That the worlds differ: the address that swallows packets is not simply refused."""
    assert BLACKHOLE not in (HOSTS["healthy"], HOSTS["refused"])
