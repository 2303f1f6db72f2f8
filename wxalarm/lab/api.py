"""A stand-in for WeChat's server API: the calls that help to diagnose, with every error they are known to give.

Source: the API pages 获取微信推送服务器IP, 网络检测, 获取稳定版接口调用凭据, 接口分析, openApi 管理,
启动票据推送服务.
Answers are JSON with status 200, as WeChat's are; an error has errcode and an errmsg with a rid.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from wxalarm.lab.token_rules import PATHS, TokenRules
from wxalarm.lab.web import Heard, Said, Site, serve

RID = "61725984-6126f6f9-040f19c4"
ERRORS: dict[int, str] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40125: "invalid appsecret",
    40164: "invalid ip 192.0.2.77 ipv6 ::ffff:192.0.2.77, not in whitelist",
    40201: "invalid url",
    40202: "invalid action",
    40203: "invalid check_operator",
    40243: "appsecret is frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    42001: "access_token expired",
    43002: "require POST method",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit  mustslower  retry next minute",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    50002: "user limited",
    50004: "forbid to use token api",
    50007: "account is frozen",
    61004: "access clientip is not registered",
    61005: "component ticket is expired",
    61006: "component ticket is invalid",
    61007: "api is unauthorized to component",
    61011: "invalid component",
    61023: "refresh_token is invalid",
    61500: "date format error",
    61501: "date range error",
    76001: "rid not found",
    76002: "rid is empty or malformed",
    76003: "rid belongs to another account",
    76004: "rid is older than 7 days",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission",
    89501: "a confirmation by the administrator is pending",
    89503: "this ip needs to be confirmed by the administrator",
    89506: "the administrator refused this ip; try again after 24 hours",
    89507: "the administrator refused this ip; try again after 1 hour",
}
"""errcode → errmsg as WeChat words it."""
OPERATORS = ("DEFAULT", "CHINANET", "UNICOM", "CAP")
START_PUSH_TICKET = "/cgi-bin/component/api_start_push_ticket"
TOKEN_CALLS = frozenset({"/cgi-bin/token", "/cgi-bin/stable_token", START_PUSH_TICKET, "/cgi-bin/clear_quota/v2"})
"""Calls that take the secret in place of a token."""


@dataclass(slots=True)
class Api:
    """The stand-in and its state. `errors` makes a path answer with an errcode instead."""

    appid: str = "wx0000000000000001"
    secret: str = "lab-app-secret"
    token: str = "lab-access-token"
    expires_in: int = 7200
    callback_ips: tuple[str, ...] = ("203.0.113.0/25", "198.51.100.7")
    api_ips: tuple[str, ...] = ("192.0.2.200", "192.0.2.201")
    dns: tuple[tuple[str, str], ...] = (("192.0.2.10", "CHINANET"),)
    """What WeChat resolves the callback to: (address, carrier)."""
    lost: tuple[str, ...] = ()
    """Operators of OPERATORS whose pings are lost."""
    summary: tuple[Mapping[str, int | str], ...] = (
        {"ref_hour": 0, "callback_count": 3000, "fail_count": 0, "total_time_cost": 300000, "max_time_cost": 900},
    )
    quota: tuple[int, int] = (2000, 24)
    """(daily limit, used) of /cgi-bin/token."""
    stopped: bool = False
    """The ticket push service is stopped; starting it makes it run."""
    errors: dict[str, int] = field(default_factory=dict)
    status: int = 200
    delay: float = 0.0
    rules: TokenRules | None = None
    """Gives and takes tokens as WeChat does, in place of the one token above."""
    page: bool = False
    """A page of HTML in place of JSON."""
    voided: bool = False
    """Somebody called /cgi-bin/token, and so voided the running service's token. A diagnosis must never do that."""

    def __call__(self, heard: Heard) -> Said:
        """The answer to one request."""
        if self.page:
            return Said(b"<html><body>504 Gateway Time-out</body></html>", self.status, "text/html", delay=self.delay)
        answer = self._answer(heard)
        text = json.dumps(answer, ensure_ascii=False)
        return Said(text.encode(), self.status, "application/json; encoding=utf-8", delay=self.delay)

    def _answer(self, heard: Heard) -> dict[str, Any]:
        if heard.path == "/cgi-bin/token":
            self.voided = True
        if (errcode := self.errors.get(heard.path)) is not None:
            return error(errcode)
        if self.rules is not None and heard.path in PATHS:
            return self._by_rules(self.rules, heard)
        if heard.path not in TOKEN_CALLS:
            given = parse_qs(heard.query).get("access_token", [""])[0]
            if not (self.rules.works(given) if self.rules else given == self.token):
                return error(40001 if given else 41001)
        try:
            body = json.loads(heard.body) if heard.body else {}
        except ValueError:
            return error(61011 if "component" in heard.path else 44002)
        call = _CALLS.get((heard.method, heard.path))
        return call(self, body) if call else error(-1)

    def _by_rules(self, rules: TokenRules, heard: Heard) -> dict[str, Any]:
        wanted = "GET" if heard.path in ("/cgi-bin/token", "/cgi-bin/ticket/getticket") else "POST"
        if heard.method != wanted:
            return error(43002)
        query = {name: values[0] for name, values in parse_qs(heard.query).items()}
        try:
            body = json.loads(heard.body) if heard.body else {}
        except ValueError:
            return error(44002)
        answer = rules.answer(heard.path, query, body)
        return error(answer["errcode"]) if answer.get("errcode") else answer

    def _stable_token(self, body: dict[str, Any]) -> dict[str, Any]:
        for name, missing in (("appid", 41002), ("secret", 41004)):
            if not body.get(name):
                return error(missing)
        if body["appid"] != self.appid:
            return error(40013)
        if body["secret"] != self.secret:
            return error(40125)
        return {"access_token": self.token, "expires_in": self.expires_in}

    def _start_push_ticket(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("component_appid") != self.appid:
            return error(61011)
        if body.get("component_secret") != self.secret:
            return error(40125)
        if not self.stopped:
            return {"errcode": 0, "errmsg": "the push ticket service is already in a normal state"}
        self.stopped = False
        return {"errcode": 0, "errmsg": "ok"}

    def _check(self, body: dict[str, Any]) -> dict[str, Any]:
        operator = body.get("check_operator", "DEFAULT")
        if body.get("action", "all") not in ("dns", "ping", "all"):
            return error(40202)
        if operator not in OPERATORS:
            return error(40203)
        lost = operator in self.lost
        dns = [{"ip": ip, "real_operator": carrier} for ip, carrier in self.dns]
        loss: dict[str, str] = {"package_loss": "100%"} if lost else {"package_loss": "0%", "time": "23.079ms"}
        ping = [{"ip": ip, "from_operator": operator, **loss} for ip, _ in self.dns]
        return {"dns": dns, "ping": ping}

    def _summary(self, body: dict[str, Any]) -> dict[str, Any]:
        begin, end = str(body.get("begin_date", "")), str(body.get("end_date", ""))
        if len(begin) != 10 or len(end) != 10:
            return error(61500)
        return error(61501) if begin != end else {"list": [{"ref_date": begin, **row} for row in self.summary]}

    def _quota(self, body: dict[str, Any]) -> dict[str, Any]:
        if not str(body.get("cgi_path", "")).startswith("/"):
            return error(76021)
        limit, used = self.quota
        quota = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
        return {"errcode": 0, "errmsg": "ok", "quota": quota, "rate_limit": {"call_count": 0, "refresh_second": 0}}

    def _rid(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("rid") != RID:
            return error(76001)
        request = {
            "invoke_time": 1767240000,
            "cost_in_ms": 30,
            "request_url": f"access_token={self.token}",
            "request_body": "",
            "response_body": "{}",
            "client_ip": "192.0.2.77",
        }
        return {"errcode": 0, "errmsg": "ok", "request": request}


_CALLS = {
    ("GET", "/cgi-bin/token"): lambda api, body: {"access_token": api.token, "expires_in": api.expires_in},
    ("POST", "/cgi-bin/stable_token"): Api._stable_token,
    ("GET", "/cgi-bin/getcallbackip"): lambda api, body: {"ip_list": list(api.callback_ips)},
    ("GET", "/cgi-bin/get_api_domain_ip"): lambda api, body: {"ip_list": list(api.api_ips)},
    ("POST", "/cgi-bin/callback/check"): Api._check,
    ("POST", "/datacube/getinterfacesummary"): Api._summary,
    ("POST", "/datacube/getinterfacesummaryhour"): Api._summary,
    ("POST", "/cgi-bin/openapi/quota/get"): Api._quota,
    ("POST", "/cgi-bin/openapi/rid/get"): Api._rid,
    ("POST", "/cgi-bin/openapi/quota/clear"): lambda api, body: {"errcode": 0, "errmsg": "ok"},
    ("POST", "/cgi-bin/clear_quota"): lambda api, body: {"errcode": 0, "errmsg": "ok"},
    ("POST", "/cgi-bin/clear_quota/v2"): lambda api, body: {"errcode": 0, "errmsg": "ok"},
    ("POST", START_PUSH_TICKET): Api._start_push_ticket,
}


def error(errcode: int) -> dict[str, Any]:
    """An error as WeChat answers it."""
    return {"errcode": errcode, "errmsg": f"{ERRORS.get(errcode, 'error')} rid: {RID}"}


@asynccontextmanager
async def api(stand_in: Api, *, port: int = 0) -> AsyncIterator[Site]:
    """The stand-in on loopback while entered; its base URL is `site.url("")`."""
    async with serve(stand_in, port=port) as site:
        yield site
