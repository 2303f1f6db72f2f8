"""WeChat's server API, stood in for on loopback: what is asked, what is never asked, what every error becomes."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests import clock
from wxalarm import cases, config
from wxalarm.checks.check import Context
from wxalarm.checks.wechat import api_errors, callback_ips, wechat_view
from wxalarm.diagnosis import contexts
from wxalarm.lab import dns as lab_dns
from wxalarm.lab.api import ERRORS, RID, START_PUSH_TICKET, Api, api
from wxalarm.lab.web import Heard, Said, Site, serve
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Alarm, AlarmKind, CheckResult, Finding, Report, Sample, Severity, Status
from wxalarm.probes import token_cache
from wxalarm.runner import Run
from wxalarm.wechat.limits import WAIT

SECRET, TOKEN = "lab-app-secret", "lab-access-token"
APPID = "wx0000000000000001"
ONLY = ("callback-ips", "wechat-view", "callback-check", "ticket-push", "ticket-age")
READS = {
    "/cgi-bin/stable_token",
    "/cgi-bin/getcallbackip",
    "/cgi-bin/get_api_domain_ip",
    "/cgi-bin/callback/check",
    "/datacube/getinterfacesummaryhour",
    "/cgi-bin/openapi/quota/get",
    "/cgi-bin/openapi/rid/get",
}
ALARM = Alarm(AlarmKind.CONNECT_TIMEOUT, APPID, sample=Sample(url="http://wx.example.com/callback"))
TICKET = Alarm(AlarmKind.TICKET_INVALID, APPID, count=9, window_minutes=30)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LAB_SECRET", SECRET)
    monkeypatch.setenv("LAB_ACCESS_TOKEN", TOKEN)


def settings(base_url: str, *, token: bool = False, section: str = "accounts", **dns: Any) -> config.Settings:
    account: dict[str, Any] = {"appid": APPID, "app_secret_env": "LAB_SECRET"}
    if token:
        account["access_token_env"] = "LAB_ACCESS_TOKEN"
    data = {section: {"shop": account}, "api": {"base_url": base_url}, "dns": {"servers": [], "system": [], **dns}}
    return config.from_mapping(data)


async def diagnosed(
    known: config.Settings, alarm: Alarm = ALARM, **flags: Any
) -> tuple[dict[str, CheckResult], Report, Context]:
    (ctx,) = contexts([alarm], dataclasses.replace(known, **flags))
    (report,) = await Run([ctx], only=ONLY).reports()
    return {result.check: result for result in report.results}, report, ctx


def codes(results: dict[str, CheckResult], *names: str) -> list[str]:
    return [finding.code.id for name in names or results for finding in results[name].findings]


def paths(site: Site) -> list[str]:
    return [heard.path for heard in site.heard]


def run(stand_in: Api, alarm: Alarm = ALARM, **options: Any) -> tuple[dict[str, CheckResult], Site, str]:
    """The results, what was asked, and the saved case."""

    async def main() -> tuple[dict[str, CheckResult], Site, str]:
        section, token = options.pop("section", "accounts"), options.pop("token", False)
        async with api(stand_in) as site:
            known = settings(site.url(""), section=section, token=token)
            results, report, ctx = await diagnosed(known, alarm, **options)
            return results, site, cases.to_text([report], [ctx])

    return clock.run(main())


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_a_healthy_account_is_asked_once_and_only_to_read() -> None:
    results, site, _ = run(Api())
    assert codes(results) == []
    assert set(paths(site)) == READS - {"/cgi-bin/openapi/rid/get"}
    asked = [json.loads(heard.body) for heard in site.heard if heard.path == "/cgi-bin/callback/check"]
    assert {body["check_operator"] for body in asked} == {"DEFAULT", "CHINANET", "UNICOM", "CAP"}
    view = results["wechat-view"].observation
    assert isinstance(view, wechat_view.WechatView)
    assert [check.ips for check in view.checks] == [("192.0.2.10",)] * 4
    assert view.api_ips == ("192.0.2.200", "192.0.2.201")
    first = results["callback-ips"].observation
    assert isinstance(first, callback_ips.CallbackIps)
    assert first.ips == ("203.0.113.0/25", "198.51.100.7")


def test_stable_token_is_asked_without_force_and_kept_on_disk(tmp_path: Path) -> None:
    stand_in = Api()

    async def main() -> list[Heard]:
        async with api(stand_in) as site:
            known = settings(site.url(""))
            for _ in range(2):
                await diagnosed(known)
            return site.heard

    heard = clock.run(main())
    fetched = [one for one in heard if one.path == "/cgi-bin/stable_token"]
    assert len(fetched) == 1
    assert json.loads(fetched[0].body).get("force_refresh", False) is False
    (kept,) = tmp_path.rglob("*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert not stand_in.voided


def test_a_configured_token_asks_for_none(tmp_path: Path) -> None:
    _, site, _ = run(Api(), token=True)
    assert "/cgi-bin/stable_token" not in paths(site)
    assert list(tmp_path.rglob("*.json")) == []


def test_a_kept_token_that_has_ended_is_fetched_again_once() -> None:
    async def main() -> list[str]:
        async with api(Api()) as site:
            known = settings(site.url(""))
            token_cache.store(site.url(""), APPID, "an-old-token", 7200)
            results, _, _ = await diagnosed(known)
            assert codes(results) == []
            return paths(site)

    asked = clock.run(main())
    assert asked.count("/cgi-bin/getcallbackip") == 2
    assert asked.count("/cgi-bin/stable_token") == 1


@pytest.mark.parametrize("trouble", ["mode", "ended", "garbage", "deep", "folder"])
def test_a_token_file_that_cannot_be_trusted_is_not_used(trouble: str) -> None:
    base = "http://127.0.0.1:1"
    token_cache.store(base, APPID, "kept", 1 if trouble == "ended" else 7200)
    path = token_cache.path_of(base, APPID)
    assert path is not None
    if trouble == "mode":
        path.chmod(0o644)
    elif trouble in ("garbage", "deep"):
        path.write_text("[" * 9000 if trouble == "deep" else '{"access_token": 7}')
    elif trouble == "folder":
        path.unlink()
        path.mkdir()
    assert token_cache.load(base, APPID) is None
    token_cache.store(base, APPID, "kept", 7200)
    if trouble != "folder":
        assert token_cache.load(base, APPID) == "kept"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_cache.load("https://api.example.com", APPID) is None


def test_the_day_of_the_alarm_is_asked_for_but_never_today() -> None:
    (ctx,) = contexts([ALARM], config.Settings())
    now = ctx.now.fromisoformat("2026-01-10T00:30:00+08:00")
    seen = ctx.now.fromisoformat("2026-01-05T23:59:00+08:00")
    ctx = dataclasses.replace(ctx, now=now)
    assert wechat_view.day_of(ctx) == "2026-01-09"
    assert wechat_view.day_of(dataclasses.replace(ctx, alarm=Alarm(first_seen=seen))) == "2026-01-05"
    assert wechat_view.day_of(dataclasses.replace(ctx, alarm=Alarm(first_seen=now))) == "2026-01-09"


# --- what every error becomes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("errcode", sorted(ERRORS))
def test_every_error_of_every_call_is_a_finding_with_words(errcode: int) -> None:
    asked = ("/cgi-bin/stable_token", "/cgi-bin/getcallbackip", "/cgi-bin/callback/check", "/cgi-bin/get_api_domain_ip")
    for path in asked:
        results, _, _ = run(Api(errors={path: errcode}))
        found = [finding for result in results.values() for finding in result.findings]
        assert found, path
        for finding in found:
            assert finding.code.id in {code.id for code in api_errors.CODES}
            assert finding.evidence["errcode"] == errcode
            assert finding.evidence["rid"] == RID
            for lang in LANGUAGES:
                assert_worded(finding, lang)


def assert_worded(finding: Finding, lang: str) -> None:
    words = catalogue(lang)
    text = words.finding(finding, "text")
    assert str(finding.evidence["errcode"]) in text
    assert RID in text
    assert words.finding(finding, "hint")
    if finding.evidence["case"] != "other":
        # A number that the catalogue has no words for would stand there as itself.
        assert f" {finding.evidence['case']} (" not in text


def test_the_address_that_wechat_saw_is_named() -> None:
    results, _, _ = run(Api(errors={"/cgi-bin/stable_token": 40164}))
    (finding,) = results["callback-ips"].findings
    assert finding.evidence["ip"] == "192.0.2.77"
    assert results["wechat-view"].status is Status.SKIP


def test_what_not_every_account_may_ask_is_a_note() -> None:
    results, _, _ = run(Api(errors={"/datacube/getinterfacesummaryhour": 48001}))
    (finding,) = results["wechat-view"].findings
    assert (finding.code.id, finding.code.severity) == ("api-forbidden", Severity.NOTE)


def test_rids_of_failed_calls_are_looked_up_without_the_url_that_wechat_repeats() -> None:
    results, site, saved = run(Api(errors={"/cgi-bin/callback/check": 40201}))
    view = results["wechat-view"].observation
    assert isinstance(view, wechat_view.WechatView)
    assert [(one.rid, one.client_ip, one.milliseconds) for one in view.traced] == [(RID, "192.0.2.77", 30)]
    assert paths(site).count("/cgi-bin/openapi/rid/get") == 1
    assert TOKEN not in saved


HOSTILE = {
    "no-json": Said(b"<html>"),
    "a-list": Said(b"[1]"),
    "deep": Said(b'{"a":' * 100_000),
    "not-utf-8": Said(b'{"errmsg": "\xff"}'),
    "empty": Said(b""),
    "status": Said(b'{"ip_list": []}', status=500),
    "redirect": Said(b"", status=302, headers=(("Location", "http://127.0.0.1:9/"),)),
    "hang-up": Said(hang_up=True),
    "huge": Said(b'{"a": "' + b"x" * (3 << 20) + b'"}'),
    "no-token": Said(b"{}"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_that_is_none_is_a_finding(name: str) -> None:
    async def main() -> None:
        async with serve(lambda heard: HOSTILE[name]) as site:
            results, _, _ = await diagnosed(settings(site.url("")))
            assert codes(results) == ["api-unreachable"]
            for lang in LANGUAGES:
                assert "?" not in catalogue(lang).finding(results["callback-ips"].findings[0], "text")

    clock.run(main())


@pytest.mark.parametrize(
    "data",
    [
        {"ip_list": "106.55.206.146"},
        {"ip_list": [1, None, {"a": 1}], "dns": {}, "ping": 1, "list": [1], "quota": []},
        {
            "dns": [1, {"ip": 5}],
            "ping": [{"package_loss": 3}],
            "list": [{"ref_hour": "x"}],
            "quota": {"daily_limit": "x"},
        },
    ],
)
def test_types_that_are_not_as_documented_break_nothing(data: dict[str, Any]) -> None:
    async def main() -> None:
        body = json.dumps({"access_token": TOKEN, "expires_in": 7200, **data}).encode()
        async with serve(lambda heard: Said(body)) as site:
            results, _, _ = await diagnosed(settings(site.url("")))
            assert Status.UNKNOWN not in {result.status for result in results.values()}

    clock.run(main())


# --- what never happens ----------------------------------------------------------------------------------------------


def test_no_secret_is_ever_saved_or_shown() -> None:
    """The server repeats the whole request in its errmsg."""

    def parrot(heard: Heard) -> Said:
        text = {"errcode": 40001, "errmsg": f"bad {heard.target} {heard.body.decode()} rid: {RID}"}
        return Said(json.dumps(text).encode())

    async def main() -> str:
        async with serve(parrot) as site:
            saved = ""
            for token in (False, True):
                results, report, ctx = await diagnosed(settings(site.url(""), token=token))
                assert codes(results)
                saved += cases.to_text([report], [ctx])
                for lang in LANGUAGES:
                    saved += "".join(catalogue(lang).finding(f, "text") for r in results.values() for f in r.findings)
            assert len({heard.path for heard in site.heard}) > 1
            return saved

    saved = clock.run(main())
    assert SECRET not in saved
    assert TOKEN not in saved


def test_without_push_nothing_that_changes_state_is_called() -> None:
    stand_in = Api(stopped=True)
    for section, alarm in (("accounts", ALARM), ("platforms", TICKET)):
        _, site, _ = run(stand_in, alarm, section=section, token=True)
        assert set(paths(site)) <= READS
    assert stand_in.stopped
    assert not stand_in.voided


@pytest.mark.parametrize(("stopped", "found"), [(True, ["ticket-stopped"]), (False, [])])
def test_with_push_the_state_of_the_ticket_push_is_asked(stopped: bool, found: list[str]) -> None:
    stand_in = Api(stopped=stopped)
    results, site, _ = run(stand_in, TICKET, section="platforms", push=True)
    assert codes(results, "ticket-push") == found
    assert paths(site) == [START_PUSH_TICKET]


SILENT_FOR = 30.0


@pytest.mark.slow
@pytest.mark.parametrize("silent", ["/", "/cgi-bin/callback/check", "/cgi-bin/openapi/quota/get"])
def test_a_silent_api_costs_one_deadline_however_many_calls_there_are(silent: str) -> None:
    """All of it, the four carriers' calls, or one call: two of them one after another would take twice the limit."""

    async def main() -> tuple[dict[str, CheckResult], Report, Site]:
        stand_in = Api()

        def quiet(heard: Heard) -> Said:
            said = stand_in(heard)
            return dataclasses.replace(said, delay=SILENT_FOR) if heard.path.startswith(silent) else said

        async with serve(quiet) as site:
            results, report, _ = await diagnosed(settings(f"http://127.0.0.1:{site.port}", token=True))
            return results, report, site

    results, report, site = clock.run(main())
    assert "api-unreachable" in codes(results)
    assert report.elapsed < 2 * WAIT
    assert len(site.heard) == 1 if silent == "/" else len(site.heard) > 1


def test_offline_asks_nobody() -> None:
    results, site, _ = run(Api(), TICKET, section="platforms", push=True, token=True, offline=True)
    assert site.heard == []
    assert {results[name].status for name in ("callback-ips", "wechat-view", "ticket-push")} == {Status.SKIP}


@pytest.mark.parametrize("answer", ["127.0.0.1", "169.254.169.254"])
def test_a_dns_answer_that_leads_inside_gets_no_token(answer: str) -> None:
    async def main() -> None:
        async with serve(Api()) as trap, lab_dns.serve(f"api.example.com. 60 IN A {answer}") as resolver:
            base = trap.url("", "api.example.com").replace("http:", "https:")
            known = settings(base, token=True, system=[resolver.label])
            results, _, _ = await diagnosed(known)
            (finding,) = results["callback-ips"].findings
            assert (finding.code.id, finding.evidence["case"]) == ("api-unreachable", "resolve")
            assert trap.heard == []

    clock.run(main())


def test_no_secret_goes_in_clear_however_the_settings_were_made() -> None:
    """A file that says so is not read at all; here the Python API was given it."""

    async def main() -> None:
        async with serve(Api()) as trap, lab_dns.serve("api.example.com. 60 IN A 127.0.0.1") as resolver:
            known = settings("https://api.example.com", token=True, system=[resolver.label])
            plain = dataclasses.replace(known.api, base_url=trap.url("", "api.example.com"))
            results, _, _ = await diagnosed(dataclasses.replace(known, api=plain))
            reason = results["callback-ips"].reason
            assert reason is not None
            assert reason.id == "config-in-clear"
            assert trap.heard == []

    clock.run(main())


@pytest.mark.parametrize(
    ("address", "open_to"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", True),  # a proxy inside, whose certificate is verified
        ("198.18.0.7", True),
        ("203.0.113.7", True),
    ],
)
def test_where_a_dns_answer_may_lead_a_token(address: str, open_to: bool) -> None:
    from wxalarm.probes.api import _public_enough

    assert _public_enough(address) is open_to


def test_a_redirect_of_the_api_is_not_followed() -> None:
    async def main() -> None:
        async with serve(Api()) as trap:
            there = (("Location", trap.url("/cgi-bin/getcallbackip")),)
            async with serve(lambda heard: Said(status=301, headers=there)) as site:
                results, _, _ = await diagnosed(settings(site.url(""), token=True))
                assert codes(results) == ["api-unreachable"]
            assert trap.heard == []

    clock.run(main())


def test_a_certificate_that_is_not_trusted_gets_no_token() -> None:
    import ssl

    import trustme

    async def main() -> None:
        authority = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        async with serve(Api(), tls=tls) as trap:
            results, _, _ = await diagnosed(settings(trap.url(""), token=True))
            (finding,) = results["callback-ips"].findings
            assert finding.evidence["case"] == "certificate"
            assert trap.heard == []
            with authority.cert_pem.tempfile() as path:
                known = dataclasses.replace(settings(trap.url(""), token=True), tls=config.Tls(path))
                results, _, _ = await diagnosed(known)
                assert codes(results) == []
            assert trap.heard

    clock.run(main())


# --- the pasted answer -----------------------------------------------------------------------------------------------

PASTED = """$ curl -d '{"action":"all","check_operator":"UNICOM"}' …
{"dns":[{"ip":"192.0.2.10","real_operator":"UNICOM"},{"ip":"192.0.2.11","real_operator":"UNICOM"}],
 "ping":[{"ip":"192.0.2.10","from_operator":"UNICOM","package_loss":"0%","time":"23.079ms"},
         {"ip":"192.0.2.11","from_operator":"UNICOM","package_loss":"100%"}]}
"""


@pytest.mark.parametrize(
    ("text", "found", "reason"),
    [
        (PASTED, ["api-ping-lost"], None),
        ('{"dns":[],"ping":[]}', ["api-dns-none"], None),
        ('{"errcode":40201,"errmsg":"invalid url rid: 61725984-6126f6f9-040f19c4"}', ["api-callback-unset"], None),
        ("nothing here {", [], "callback-check-empty"),
        ("{" * 5000, [], "callback-check-empty"),
        (None, [], "callback-check-unreadable"),
    ],
)
def test_a_pasted_answer_is_evidence_too(
    tmp_path: Path, text: str | None, found: list[str], reason: str | None
) -> None:
    path = tmp_path / "check.txt"
    if text is not None:
        path.write_text(text, "utf-8")
    known = config.from_mapping({"api": {"callback_check": str(path)}})
    results, _, _ = clock.run(diagnosed(known, offline=True))
    result = results["callback-check"]
    assert codes(results, "callback-check") == found
    assert (result.reason.id if result.reason else None) == reason


def test_the_command_line_takes_a_pasted_answer(tmp_path: Path) -> None:
    import subprocess
    import sys

    pasted = tmp_path / "check.json"
    pasted.write_text('{"dns":[],"ping":[]}', "utf-8")
    text = "内容: 微信服务器向公众号推送消息或事件时，解析DNS失败\n时间: 2026-01-01 12:00:00\n"
    command = [sys.executable, "-m", "wxalarm", "diagnose", "--offline", "-f", "json", "--callback-check", str(pasted)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, input=text.encode(), capture_output=True, cwd=tmp_path, env=environ)
    (report,) = json.loads(done.stdout)["reports"]
    assert report["cause"]["code"] == "api-dns-none"
