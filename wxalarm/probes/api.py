"""WeChat's server API: the few calls that help to diagnose. Read-only, but for start_push_ticket.

Never /cgi-bin/token: a token from there voids the one of the running service. stable_token without force_refresh only,
kept on disk (token_cache). A token or a secret is in no Answer and in no message; wechat/api.py reads the rest.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from wxalarm import bounds
from wxalarm.config import Account, ConfigError, Settings, in_clear
from wxalarm.probes import Failure, dns, local, resolvers, token_cache
from wxalarm.probes.http import Exchange, Request, exchange, trusted
from wxalarm.wechat.api import object_of, objects_in
from wxalarm.wechat.limits import PORTS

LIMIT = 5.0
"""Seconds for one call."""
STABLE_TOKEN = "/cgi-bin/stable_token"
TOKEN_ENDED = frozenset({40001, 40014, 42001})
"""Errors after which a token from our own cache is worth asking for anew, once."""
HIDDEN = "…"
_RID = re.compile(r"\brid: ?([0-9A-Za-z-]{1,80})")


class Answer(Struct, frozen=True):
    """What came of one call. errcode 0 and no failure: it worked."""

    path: str
    seconds: float = 0.0
    failure: Failure | None = None
    status: int | None = None
    errcode: int = 0
    errmsg: str = ""
    """As WeChat words it, without the rid, tokens hidden."""
    rid: str | None = None

    @property
    def worked(self) -> bool:
        """Whether it gave what was asked for."""
        return self.failure is None and self.status == 200 and self.errcode == 0


class Api:
    """Calls for one account within one event loop. Holds the token, in memory only."""

    def __init__(
        self,
        account: Account,
        settings: Settings,
        limit: Callable[[float], float] = lambda s: s,
        hidden: Iterable[str] = (),
    ) -> None:
        """hidden: what a server must not repeat to us, besides the account's own secrets."""
        self.account, self.settings, self.limit = account, settings, limit
        self.base = settings.api.base_url.rstrip("/")
        self._parts = urlsplit(self.base)
        self._token: str | None = None
        self._cached = False
        self._secrets = [secret for name in ("access_token", "app_secret") if (secret := account.secret(name))]
        self._secrets += hidden
        self._addresses: tuple[str, ...] | None = None

    @property
    def cached(self) -> bool:
        """Whether the token came from the cache."""
        return self._cached

    @property
    def host(self) -> str:
        """The host that is asked."""
        return self._parts.hostname or ""

    async def token(self) -> Answer | None:
        """Get a token: the configured one, the cached one, else one of stable_token. None: it is at hand."""
        if token := self.account.secret("access_token"):
            self._token = token
            return None
        appid, secret = self.account.appid or "", self.account.secret("app_secret") or ""
        if token := token_cache.load(self.base, appid):
            self._hold(token, cached=True)
            return None
        return await self._fresh(appid, secret)

    async def _fresh(self, appid: str, secret: str) -> Answer | None:
        body = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        answer, data = await self.send("POST", STABLE_TOKEN, {}, body)
        token = data.get("access_token")
        if not answer.worked:
            return answer
        if not isinstance(token, str) or not token:
            return replace(answer, failure=Failure.MALFORMED)
        self._hold(token, cached=False)
        seconds = data.get("expires_in")
        token_cache.store(self.base, appid, token, float(seconds) if isinstance(seconds, int) else 0.0)
        return None

    def _hold(self, token: str, *, cached: bool) -> None:
        self._token, self._cached = token, cached
        self._secrets.append(token)

    def use(self, token: str) -> None:
        """Call with this token, in place of `token`."""
        self._hold(token, cached=False)

    async def call(self, path: str, body: Mapping[str, Any] | None = None) -> tuple[Answer, dict[str, Any]]:
        """One call with the token, after `token`: GET without a body, POST with one. The JSON object is raw: it may
        repeat the token, so only what wechat/api.py takes out of it goes further."""
        method = "GET" if body is None else "POST"
        return await self.send(method, path, {"access_token": self._token or ""}, body)

    async def renew(self) -> Answer | None:
        """A cached token was refused: forget it and ask once more. None: a new one is at hand."""
        token_cache.drop(self.base, self.account.appid or "")
        return await self._fresh(self.account.appid or "", self.account.secret("app_secret") or "")

    async def start_push_ticket(self) -> Answer:
        """Tells whether the ticket push service runs, and starts it if not: it changes state, so only with --push."""
        body = {"component_appid": self.account.appid, "component_secret": self.account.secret("app_secret")}
        answer, _ = await self.send("POST", "/cgi-bin/component/api_start_push_ticket", {}, body)
        return answer

    async def addresses(self) -> tuple[str, ...]:
        """The addresses of the API's host as this machine resolves it. Loopback and link-local ones only when the
        configuration names them itself: a DNS answer must not lead a secret there."""
        if self._addresses is None:
            self._addresses = await self._resolved()
        return self._addresses

    async def _resolved(self) -> tuple[str, ...]:
        host = self.host
        if host == "localhost":
            return ("127.0.0.1",)
        try:
            return (str(ipaddress.ip_address(host)),)
        except ValueError:
            pass
        servers = resolvers.system(self.settings.dns)
        views = await asyncio.gather(*(dns.view(server, host, limit=self.limit(LIMIT)) for server in servers))
        found = dict.fromkeys(ip for view in views for ip in view.addresses)
        return tuple(ip for ip in found if _public_enough(ip))

    async def send(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> tuple[Answer, dict[str, Any]]:
        """One request as it stands: (the answer, the JSON object with tokens in it). IPv4 first; the next address only
        when one cannot be connected to."""
        if in_clear(self.base):  # settings that were made by hand: a file that says so is not read
            raise ConfigError("config-in-clear", place="api.base_url", found=self.host, key=self.account.section)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        addresses = await self.addresses()
        if not addresses:
            return Answer(path, loop.time() - begun, Failure.RESOLVE), {}
        secure = self._parts.scheme == "https"
        try:
            tls = trusted(self.settings.tls.ca_file) if secure else None
        except (OSError, ssl.SSLError) as error:
            local.asked(error)
            return Answer(path, 0.0, Failure.CERTIFICATE), {}
        data = json.dumps(body).encode() if body is not None else b""
        headers = [("Accept", "application/json")]
        if body is not None:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        target = self._parts.path + path + (f"?{urlencode(query)}" if query else "")
        port = self._parts.port or PORTS["https" if secure else "http"]
        got = Exchange("", port)
        for address in sorted(addresses, key=lambda ip: ":" in ip)[:3]:
            request = Request(method, self.host, target, headers, data)
            got = await exchange(address, port, request, self.limit(LIMIT - min(LIMIT, loop.time() - begun)), tls=tls)
            if got.connect is not None:
                break
        return self._read(path, got, loop.time() - begun)

    def _read(self, path: str, got: Exchange, seconds: float) -> tuple[Answer, dict[str, Any]]:
        if got.failure is not None:
            return Answer(path, seconds, got.failure, got.status), {}
        data = object_of(got.body)
        if data is None:
            return Answer(path, seconds, Failure.MALFORMED, got.status), {}
        return _answer(path, seconds, got.status, data, self._hidden(str(data.get("errmsg", "")))), data

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _answer(path: str, seconds: float, status: int | None, data: Mapping[str, Any], errmsg: str) -> Answer:
    errcode = data.get("errcode", 0)
    rid = _RID.search(errmsg)
    return Answer(
        path,
        seconds,
        None,
        status,
        errcode if isinstance(errcode, int) else -1,
        _RID.sub("", errmsg).strip()[:300],
        rid[1] if rid else None,
    )


def _public_enough(address: str) -> bool:
    """Whether a DNS answer may lead a secret to this address: over TLS, whose certificate is verified, anywhere but to
    this machine and its link."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return not (ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified)


def read_callback_check(path: str) -> bytes | None:
    """The file with a pasted answer of callback/check, at most 1 MiB of it; None when it cannot be read."""
    try:
        return bounds.read_file(path, bounds.PASTED)
    except OSError as error:
        local.asked(error)
        return None


def answers_in(text: bytes) -> tuple[Answer, ...]:
    """Errors of callback/check in a pasted text."""
    errors = []
    for data in objects_in(text):
        if data.get("errcode"):
            errors.append(_answer("/cgi-bin/callback/check", 0.0, 200, data, str(data.get("errmsg", ""))))
    return tuple(errors)
