"""WeChat's rules of tokens, tickets and their limits, under a clock that the caller turns. No socket: `lab.api` has it.

Source: the API pages 获取access_token, 获取稳定版接口调用凭据, 获取jsapi_ticket; of third-party platforms 验证票据,
令牌 and 获取刷新令牌; 返回码说明. What no page says is marked as assumed.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LIFE = 7200.0
OVERLAP = 300.0
TICKET_LIFE = 43200.0
DAY = 86400.0
FORCED_A_DAY, FORCED_APART = 20, 30.0
CLASSIC_A_DAY, STABLE_A_DAY, STABLE_A_MINUTE = 2000, 500_000, 10_000
PATHS = (
    "/cgi-bin/token",
    "/cgi-bin/stable_token",
    "/cgi-bin/ticket/getticket",
    "/cgi-bin/component/api_component_token",
    "/cgi-bin/component/api_authorizer_token",
)


class Refused(Exception):
    """An errcode."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


@dataclass(slots=True)
class Issued:
    """One token that was given out, and until when it works."""

    value: str
    until: float
    since: float


@dataclass(slots=True)
class Owner:
    """An account, or a platform, with its secret."""

    appid: str
    secret: str
    classic: list[Issued] = field(default_factory=list)
    stable: list[Issued] = field(default_factory=list)
    component: list[Issued] = field(default_factory=list)
    jsapi: list[Issued] = field(default_factory=list)
    tickets: list[Issued] = field(default_factory=list)
    """component_verify_tickets that were pushed."""
    calls: dict[str, deque[float]] = field(default_factory=dict)
    refresh_tokens: dict[str, list[str]] = field(default_factory=dict)
    """Of each account that authorized this platform: the newest last. Assumed: the former one works until the newest
    was used."""
    authorizers: dict[str, list[Issued]] = field(default_factory=dict)


@dataclass(slots=True)
class TokenRules:
    """WeChat's side. `clock`: seconds. `faults`: a path makes an errcode while it stands there."""

    clock: Callable[[], float]
    owners: dict[str, Owner] = field(default_factory=dict)
    ip: str = "192.0.2.77"
    """From where the calls come."""
    allowed: frozenset[str] | None = None
    """The IP white list; None: every address."""
    faults: dict[str, int] = field(default_factory=dict)
    rotate: bool = False
    """Each refresh of an authorizer gives a new refresh token. Assumed."""
    life: float = LIFE
    served: list[tuple[float, str, str, int]] = field(default_factory=list)
    """(when, path, appid, errcode) of each call."""

    def add(self, appid: str, secret: str) -> Owner:
        """An account or a platform more."""
        self.owners[appid] = Owner(appid, secret)
        return self.owners[appid]

    def answer(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one call; an error is {"errcode": N}."""
        given = {**query, **body}
        appid = str(given.get("component_appid") or given.get("appid") or "")
        try:
            made = self._answer(path, given, appid)
        except Refused as refused:
            self.served.append((self.clock(), path, appid, refused.errcode))
            return {"errcode": refused.errcode}
        self.served.append((self.clock(), path, appid, 0))
        return made

    def _answer(self, path: str, given: Mapping[str, Any], appid: str) -> dict[str, Any]:
        if path in self.faults:
            raise Refused(self.faults[path])
        if path == "/cgi-bin/ticket/getticket":
            return self._jsapi(str(given.get("access_token", "")))
        if path == "/cgi-bin/component/api_authorizer_token":
            return self._authorizer(given)
        owner = self._owner(appid, str(given.get("component_appsecret") or given.get("secret") or ""))
        if self.allowed is not None and self.ip not in self.allowed:
            raise Refused(61004 if "component" in path else 40164)
        if path == "/cgi-bin/component/api_component_token":
            return self._component(owner, str(given.get("component_verify_ticket", "")))
        if given.get("grant_type") != "client_credential":
            raise Refused(40002)
        if path == "/cgi-bin/token":
            return self._classic(owner)
        return self._stable(owner, given.get("force_refresh") is True)

    def _owner(self, appid: str, secret: str) -> Owner:
        if not appid:
            raise Refused(41002)
        if not secret:
            raise Refused(41004)
        if appid not in self.owners:
            raise Refused(40013)
        if self.owners[appid].secret != secret:
            raise Refused(40125)
        return self.owners[appid]

    def _limit(self, owner: Owner, name: str, most: int, span: float, errcode: int) -> None:
        now = self.clock()
        times = owner.calls.setdefault(f"{name} {span}", deque())
        while times and times[0] <= now - span:
            times.popleft()
        if len(times) >= most:
            raise Refused(errcode)
        times.append(now)

    def _issue(self, issued: list[Issued], life: float, kind: str = "token") -> dict[str, Any]:
        now = self.clock()
        issued[:] = [one for one in issued if one.until > now - DAY]
        issued.append(Issued(f"{kind}-{secrets.token_hex(48)}", now + life, now))
        return self._said(issued[-1])

    def _said(self, issued: Issued, name: str = "access_token") -> dict[str, Any]:
        return {name: issued.value, "expires_in": int(issued.until - self.clock())}

    def _classic(self, owner: Owner) -> dict[str, Any]:
        self._limit(owner, "classic", CLASSIC_A_DAY, DAY, 45009)
        for former in owner.classic:
            former.until = min(former.until, self.clock() + OVERLAP)
        return self._issue(owner.classic, self.life, "classic")

    def _stable(self, owner: Owner, force: bool) -> dict[str, Any]:
        now = self.clock()
        self._limit(owner, "stable", STABLE_A_MINUTE, 60.0, 45011)
        self._limit(owner, "stable", STABLE_A_DAY, DAY, 45009)
        if force:
            self._limit(owner, "forced", 1, FORCED_APART, 45009)
            self._limit(owner, "forced", FORCED_A_DAY, DAY, 45009)
            for former in owner.stable:
                former.until = min(former.until, now)
        elif owner.stable and owner.stable[-1].until - now > OVERLAP:
            return self._said(owner.stable[-1])
        return self._issue(owner.stable, self.life, "stable")

    def _component(self, owner: Owner, ticket: str) -> dict[str, Any]:
        known = next((one for one in owner.tickets if one.value == ticket), None)
        if known is None:
            raise Refused(61006)
        if known.until <= self.clock():
            raise Refused(61005)
        self._limit(owner, "component", CLASSIC_A_DAY, DAY, 45009)
        made = self._issue(owner.component, self.life, "component")
        return {"component_access_token": made["access_token"], "expires_in": made["expires_in"]}

    def _authorizer(self, given: Mapping[str, Any]) -> dict[str, Any]:
        platform = self.owners.get(str(given.get("component_appid", "")))
        if platform is None:
            raise Refused(40013)
        self._valid(platform.component, str(given.get("access_token") or given.get("component_access_token") or ""))
        appid, refresh = str(given.get("authorizer_appid", "")), str(given.get("authorizer_refresh_token", ""))
        known = platform.refresh_tokens.get(appid, [])
        if refresh not in known:
            raise Refused(61023)
        known[:] = known[known.index(refresh) :]
        if self.rotate:
            known[1:] = [f"refreshtoken@@@{secrets.token_hex(24)}"]
        made = self._issue(platform.authorizers.setdefault(appid, []), self.life, "authorizer")
        return {
            "authorizer_access_token": made["access_token"],
            "expires_in": made["expires_in"],
            "authorizer_refresh_token": known[-1],
        }

    def _jsapi(self, token: str) -> dict[str, Any]:
        for owner in self.owners.values():
            for issued in (owner.classic, owner.stable, *owner.authorizers.values()):
                if any(one.value == token for one in issued):
                    self._valid(issued, token)
                    made = self._issue(owner.jsapi, self.life, "jsapi")
                    return {"errcode": 0, "errmsg": "ok", "ticket": made["access_token"], "expires_in": int(self.life)}
        raise Refused(40001 if token else 41001)

    def _valid(self, issued: list[Issued], token: str) -> None:
        known = next((one for one in issued if one.value == token), None)
        if known is None:
            raise Refused(40001 if token else 41001)
        if known.until <= self.clock():
            raise Refused(42001)

    def push_ticket(self, appid: str) -> str:
        """What WeChat pushes every ten minutes: the newest component_verify_ticket."""
        self._issue(self.owners[appid].tickets, TICKET_LIFE, "ticket@@@")
        return self.owners[appid].tickets[-1].value

    def authorize(self, platform: str, appid: str) -> tuple[str, str]:
        """An account authorizes the platform (again): (authorizer_access_token, authorizer_refresh_token). The refresh
        tokens of before are void."""
        owner = self.owners[platform]
        owner.refresh_tokens[appid] = [f"refreshtoken@@@{secrets.token_hex(24)}"]
        made = self._issue(owner.authorizers.setdefault(appid, []), self.life, "authorizer")
        return made["access_token"], owner.refresh_tokens[appid][0]

    def withdraw(self, platform: str, appid: str) -> set[str]:
        """An account takes the authorization back: its tokens end at once, which are given."""
        owner = self.owners[platform]
        owner.refresh_tokens[appid] = []
        held = [one for one in owner.authorizers.get(appid, []) if one.until > self.clock()]
        for one in held:
            one.until = self.clock()
        return {one.value for one in held}

    def ended(self, value: str) -> float | None:
        """When a token that was given out ended or will end; None: it was never given out, or is long forgotten."""
        for owner in self.owners.values():
            for issued in (owner.classic, owner.stable, owner.component, owner.jsapi, *owner.authorizers.values()):
                for one in issued:
                    if one.value == value:
                        return one.until
        return None

    def works(self, value: str) -> bool:
        """Whether a call with this token would be let through now."""
        until = self.ended(value)
        return until is not None and until > self.clock()
