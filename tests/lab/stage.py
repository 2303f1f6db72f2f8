"""What a world is made of: servers at addresses of their own, DNS, nginx's files and logs, and the alarm about them.

A world is data. It is staged inside a network namespace whose loopback holds the documentation networks (worlds.py):
addresses, ports 80 and 443 and resolvers are what they are on the Internet. In every text of a world @A to @D stand for
its addresses (A and B are neighbours, C and D lie in other networks), @HOST for its name, @DIR for its folder.
"""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import functools
import gzip
import json
import os
import re
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from tests.probes.host import trees
from wxalarm.config import Account, Dns, Host, Registration, Settings, Tls
from wxalarm.config import Api as ApiSettings
from wxalarm.lab import certificates, dns, http, tcp, tls, web
from wxalarm.lab.api import Api, api
from wxalarm.lab.callback import Callback
from wxalarm.lab.certificates import Authority, Identity
from wxalarm.lab.registry import serve_rdap
from wxalarm.lab.scenarios.push import KEYS, secret_files
from wxalarm.model import BEIJING, Certainty
from wxalarm.probes.host.clock import Clock
from wxalarm.probes.host.sar import History, Moment

HOST = "wx.example.com"
PATH = "/wechat"
APPID = "wx0000000000000001"
PLATFORM_APPID = "wx00000000000000aa"
OPENID = "oAAAAAAAAAAAAAAAAAAAAAAAAAA1"
WECHAT = "203.0.113.250"
"""From where WeChat pushes."""
GUIDE = "182.254.116.116"
"""The resolver of the guide; inside the namespace it is ours."""
KNOWN = ("mp.weixin.qq.com", "api.weixin.qq.com", "www.qq.com", "qq.com", "weixin.qq.com")
"""Names that any resolver knows."""
QUICK = 2.6
"""Seconds of a whole run where something is silent: nobody learns more from 5 s of it."""

ATTEMPTS = 400
"""At the start of what stands at an address, twenty in a second."""

# --- the alarm ---

KINDS = {
    "dns": "微信服务器向公众号推送消息或事件时，解析DNS失败",
    "invalid-domain": "微信服务器向公众号推送消息或事件时，解析DNS时发现是无效域名",
    "connect": "微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒",
    "request": "微信服务器向公众号推送消息或事件后，开发者5秒内没有返回",
    "invalid": "微信服务器向公众号推送消息或事件后，得到的回应不合法",
    "markfail": "微信服务器向公众号推送消息或事件发生多次失败后，暂时不推送消息，一分钟后解除屏蔽",
    "ticket-timeout": "微信服务器向公众号服务开发者推送component_verify_ticket时，开发者5秒内没有返回",
    "ticket-invalid": "微信服务器向公众号服务开发者推送component_verify_ticket时，得到的回应不合法（应返回success）",
    "component-timeout": "推送第三方平台消息（如取消授权消息）等，第三方平台5秒内没有返回",
    "component-invalid": "推送第三方平台消息（如取消授权消息）等，第三方平台没有返回success",
    "pay-timeout": "推送“支付完成事件”给开发者后，开发者5秒内没有返回",
    "pay-invalid": "推送“支付完成事件”给开发者后，得到的回应不合法",
}


@dataclass(frozen=True)
class Told:
    """The alarm. groups: what stands behind the address in 错误样例; None: there is no sample at all."""

    kind: str
    ip: str | None = "@A"
    groups: str | None = "[Event=Click Menu Url]"
    days: float = 0.0
    """How long ago it was."""
    count: int = 33
    window: int = 5
    scheme: str = "http"
    url: str = ""
    """Its 3rdUrl; "" stands for the callback's, None of a platform's for none."""
    outer: str = WECHAT
    appid: str = APPID


def alarm(kind: str, ip: str | None = "@A", tail: str = "", what: str = "[Event=Click Menu Url]", **other: Any) -> Told:
    """An alarm of one of KINDS; what: the groups that say what was pushed; tail: what WeChat printed of the failure."""
    return Told(kind, ip, **{"groups": what + tail, **other})


# --- what stands at an address ---

Serve = Callable[["Staging", str, int], AbstractAsyncContextManager[object]]
"""Starts something at an address and a port."""


def refuses() -> Serve:
    """The port is closed."""
    return lambda staging, address, port: tcp.refused(address, port)


def drops() -> Serve:
    """Packets vanish: the SYN is never answered."""
    return lambda staging, address, port: tcp.full_queue(address, port)


def mute() -> Serve:
    """Takes connections and says nothing: neither TLS nor HTTP."""
    return lambda staging, address, port: tcp.silent(address, port)


def slow_to_connect(seconds: float) -> Serve:
    """Takes connections after some seconds only."""
    return lambda staging, address, port: tcp.full_for(seconds, address, port)


def says(data: bytes) -> Serve:
    """Whatever comes, these bytes are the answer: TLS alerts, plain HTTP on 443."""
    return lambda staging, address, port: tls.instead(data, address=address, port=port)


def page(answer: http.Answer | None = None, cert: str = "good") -> Serve:
    """HTTP with one answer, and TLS with a certificate of CERTIFICATES where the port is 443."""
    return lambda staging, address, port: http.serve(
        answer or http.respond(), address=address, port=port, tls=staging.tls(cert) if port == 443 else None
    )


def site(application: web.Application, cert: str = "good") -> Serve:
    """HTTP as an application that looks at the request."""
    return lambda staging, address, port: web.serve(
        application, host=address, port=port, tls=staging.tls(cert) if port == 443 else None
    )


def handler(wrong: str | None = None, cert: str = "good", **keys: Any) -> Serve:
    """A callback that is right, or has one of lab.callback.WRONG; keys: the token or the appid it goes by, where
    that is not the account's."""
    return site(Callback(dataclasses.replace(KEYS, **keys), path=PATH, wrong=wrong), cert)


CERTIFICATES: Mapping[str, Callable[[Authority], Identity]] = {
    "good": lambda authority: authority.issue(HOST),
    "expired": lambda authority: authority.issue(HOST, days=-3, since=-90),
    "future": lambda authority: authority.issue(HOST, since=1),
    "expiring": lambda authority: authority.issue(HOST, days=5.5),
    "other-name": lambda authority: authority.issue("www.example.net"),
    "alone": lambda authority: authority.issue(HOST).alone(),
    "self-signed": lambda authority: certificates.self_signed(HOST),
    "company": lambda authority: Authority("Company").issue(HOST),
}

# --- names ---


@dataclass(frozen=True)
class Names:
    """Who says what of the name. Each value is the addresses; None: the same as the zone's; (): no such name."""

    zone: tuple[str, ...] = ("@A",)
    second: tuple[str, ...] | None = None
    """What the second name server says."""
    system: tuple[str, ...] | None = None
    guide: tuple[str, ...] | None = None
    """What 182.254.116.116 says."""
    alias: str | None = None
    """The name is a CNAME for this one, which has the addresses."""
    aaaa: str | None = None
    more: str = ""
    """More records of the zone, as lines of a master file."""
    faults: Mapping[str, Mapping[str, dns.Fault]] = field(default_factory=dict)
    """By role ("root", "first", "second", "system", "guide"): by name, "*" for every other."""
    delays: Mapping[str, float] = field(default_factory=dict)
    """Seconds by role, for the callback's name."""
    registry: Mapping[str, Any] | None = None
    """What the registry says of the domain; None: nothing is wrong with it."""


REGISTERED: Mapping[str, Any] = {
    "objectClassName": "domain",
    "ldhName": "example.com",
    "status": ["client transfer prohibited"],
    "events": [{"eventAction": "expiration", "eventDate": "2046-01-01T00:00:00Z"}],
    "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", "示例注册商"]]]}],
}


def registered(*status: str, until: str = "2046-01-01T00:00:00Z") -> Mapping[str, Any]:
    """The domain's entry in the registry."""
    return {**REGISTERED, "status": list(status), "events": [{"eventAction": "expiration", "eventDate": until}]}


# --- nginx, its logs and the application's ---


@dataclass(frozen=True)
class Hit:
    """A line of the access log. `after`: seconds from the alarm's first failure to the push."""

    status: int = 200
    took: float = 0.02
    size: int = 7
    upstream: str | None = "127.0.0.1:8001"
    upstream_status: str | None = None
    """None: the same as `status`; "-" where there is no upstream."""
    upstream_took: str | None = None
    after: float = 0.0
    openid: str | None = None
    """None: the alarm's own push."""
    path: str = PATH
    method: str = "POST"
    query: bool = True
    """False: a payment's push, which has none."""
    form: str | None = None
    """A whole line in place of the guide's format; with @TIME and @QUERY."""


@dataclass(frozen=True)
class Err:
    """A line of the error log, about the alarm's push unless `openid` names another."""

    text: str
    level: str = "error"
    after: float = 0.0
    upstream: str | None = None
    openid: str | None = None
    request: bool = True


@dataclass(frozen=True)
class Said:
    """A line of the application's log. @OPENID stands for the alarm's."""

    text: str
    after: float = 0.0


def others(count: int = 20, *, every: float = 7.0, **hit: Any) -> tuple[Hit, ...]:
    """Pushes of other users around the alarm's, answered well unless `hit` says else."""
    return tuple(
        Hit(**{"after": every * place - 40, "openid": f"oBBBBBBBBBBBBBBBBBBBBBBBB{place:03d}", **hit})
        for place in range(count)
    )


FORMAT = (
    """'$remote_addr  - $remote_user [$time_local] "$request" '\n"""
    """        '$status $body_bytes_sent "$http_referer" '\n"""
    """        '"$http_user_agent" "$http_x_forwarded_for" "$host"  "$cookie_ssl_edition" '\n"""
    """        '"$upstream_addr"   "$upstream_status"  "$request_time"  "$upstream_response_time" '"""
)


def nginx(
    location: str = "proxy_pass http://app;",
    *,
    server: str = "",
    http: str = "",
    main: str = "worker_processes 4;\nworker_rlimit_nofile 102400;",
    events: str = "worker_connections 20480;",
    upstream: str = "server 127.0.0.1:8001; server 127.0.0.1:8002;",
    listen: str = "listen 80; listen 443 ssl;",
) -> str:
    """nginx.conf with the guide's log format; what is given stands where its context is."""
    return f"""\
{main}
events {{ {events} }}
http {{
    log_format main {FORMAT};
    access_log @DIR/access.log main;
    error_log @DIR/error.log info;
    upstream app {{ {upstream} }}
    {http}
    server {{
        {listen}
        server_name @HOST;
        ssl_certificate cert.pem;
        ssl_certificate_key cert.key;
        {server}
        location {PATH} {{
            proxy_connect_timeout 1s;
            {location}
        }}
    }}
}}
"""


# --- the world ---


@dataclass(frozen=True)
class World:
    """A world, what is wrong in it, and what must be said of it."""

    name: str
    why: str
    """Why this is the right verdict."""
    alarm: Told
    at: Mapping[str, Serve] = field(default_factory=dict)
    """By letter. Where nothing stands, the kernel refuses."""
    names: Names = field(default_factory=Names)
    conf: str | None = None
    access: Sequence[Hit] | None = None
    error: Sequence[Err] | None = None
    app: Sequence[Said] | None = None
    zipped: bool = False
    """The access log's lines of the alarm stand in a rotated .gz; the current one begins later."""
    utc: bool = False
    """The access log's clock is UTC."""
    broken: bool = False
    """The .gz is cut in the middle of its header."""
    clock: bool = True
    """The recorded machine's clock is synchronised."""
    here: bool = False
    """This machine is known to be the callback's server."""
    facts: str | None = None
    """The machine's state, by the name of a recorded tree of /proc; None: not looked at."""
    sar: Mapping[str, Any] | None = None
    """What sar recorded of the alarm's minutes: fields of probes.host.sar.Moment."""
    account: bool = False
    """An account with its token is configured, and --push."""
    platform: bool = False
    """The configured account is a third-party platform."""
    wechat: Api | None = None
    """WeChat's API answers so; the account has an access_token then."""
    listed: tuple[str, ...] = ()
    """The account's own copy of WeChat's addresses."""
    push: bool = True
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    offline: bool = False
    timeout: float = 12.0
    url: str | None = None
    """As --url."""

    faults: tuple[str, ...] = ()
    """Codes that must be among the findings: what the world was made with."""
    root: str | tuple[str | None, ...] | None = None
    """The code of the cause; several: either is right; None: no cause."""
    chain: tuple[str, ...] | None = None
    """The codes of the whole chain, where it matters."""
    most: Certainty = Certainty.CERTAIN
    """The surest that the root may be."""
    least: Certainty = Certainty.POSSIBLE
    exit: int | None = None
    basis: str | None = None
    """The basis of the root's finding, where one code can be recorded or reproduced."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What the root's evidence must hold."""
    never: tuple[str, ...] = ()
    """Codes that must stand nowhere but among notes."""


@dataclass(frozen=True)
class Set:
    """A world that runs: what wxalarm is given."""

    text: str
    settings: Settings
    url: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Observations of the checks on the machine."""


class Staging:
    """What all worlds share: the authority, its certificates, and the places of addresses."""

    def __init__(self, authority: Authority, ca_file: str) -> None:
        self.authority, self.ca_file = authority, ca_file
        self._contexts: dict[str, ssl.SSLContext] = {}

    def tls(self, cert: str) -> ssl.SSLContext:
        """A server's TLS with one of CERTIFICATES; "old": only versions that nobody speaks any more."""
        if cert not in self._contexts:
            if cert == "old":
                made = tls.only_old(self.authority.issue(HOST))
            elif cert == "new":
                made = tls.only_new(self.authority.issue(HOST))
            else:
                made = CERTIFICATES[cert](self.authority).context()
            self._contexts[cert] = made
        return self._contexts[cert]


NETWORKS = ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "182.254.116.116/32")
"""What the namespace's loopback must hold."""
MOST = 120
"""Worlds of one namespace: each has its own addresses."""


def addresses(place: int) -> dict[str, str]:
    """The addresses of a world by letter, and those of its two name servers and its root."""
    assert 0 <= place < MOST
    first = 2 * place + 1
    return {
        "A": f"203.0.113.{first}",
        "B": f"203.0.113.{first + 1}",
        "C": f"198.51.100.{first}",
        "D": f"198.51.100.{first + 1}",
        "NS1": f"192.0.2.{first}",
        "NS2": f"192.0.2.{first + 1}",
        "ROOT": f"127.0.3.{first}",
    }


class Words:
    """The @words of a world's texts."""

    def __init__(self, place: int, folder: Path, seen: datetime) -> None:
        self.values = {**addresses(place), "HOST": HOST, "DIR": str(folder), "OPENID": OPENID, "PATH": PATH}
        self.values["STAMP"] = f"{seen.timestamp():.0f}"
        self.values["SOON"] = f"{datetime.now(BEIJING) + timedelta(days=9):%Y-%m-%dT00:00:00Z}"
        self.seen = seen

    def __call__(self, text: str) -> str:
        return re.sub(r"@([A-Z][A-Z0-9]*)", lambda found: self.values.get(found[1], found[0]), text)

    def of(self, texts: Sequence[str]) -> list[str]:
        """Each of them."""
        return [self(text) for text in texts]


@asynccontextmanager
async def staged(world: World, place: int, staging: Staging) -> AsyncIterator[Set]:
    """Sets the world up; leaving it ends everything."""
    seen = (datetime.now(BEIJING) - timedelta(minutes=6, days=world.alarm.days)).replace(microsecond=0)
    with ExitStack() as files:
        folder = Path(files.enter_context(tempfile.TemporaryDirectory(prefix="wxalarm-world-")))
        words = Words(place, folder, seen)
        async with AsyncExitStack() as stack:
            port = 443 if world.alarm.scheme == "https" else 80
            for letter, serve in world.at.items():
                await _stand(stack, functools.partial(serve, staging, words(f"@{letter}"), port))
            settings = Settings(
                dns=await _resolvers(stack, world.names, words),
                registration=Registration(
                    await stack.enter_async_context(serve_rdap(_entry(world.names, words))), cache=""
                ),
                tls=Tls(staging.ca_file),
                host=_files(world, words, folder),
                offline=world.offline,
                push=(world.account or world.platform) and world.push,
                timeout=world.timeout,
                sample=0.2,
            )
            if world.account or world.platform or world.wechat:
                settings = await _with_account(stack, files, world, settings, words)
            facts = trees.observe(*_tree(world.facts, folder)) if world.facts else {}
            if world.facts:
                facts["host-clock"] = Clock(world.clock, 0.0, 0.01, "chronyd" if world.clock else None)
            if world.sar is not None:
                moment = Moment(at=seen + timedelta(minutes=5), interval=600.0, **world.sar)
                facts["host-history"] = History("/var/log/sysstat/sa01", (moment,))
            yield Set(_text(world.alarm, words), settings, world.url and words(world.url), facts)


async def _stand(stack: AsyncExitStack, serve: Callable[[], AbstractAsyncContextManager[object]]) -> None:
    """Starts what stands at an address. `nginx -T` of this machine's own configuration, which a world without an
    nginx.conf leads to, listens on port 80 of every address while it runs: then once more."""
    for attempt in range(ATTEMPTS):
        try:
            await stack.enter_async_context(serve())
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or attempt == ATTEMPTS - 1:
                raise
        await asyncio.sleep(0.05)


def _tree(name: str, folder: Path) -> tuple[Path, Path]:
    tree = trees.lay_out(name, folder / "proc")
    return tree.first, tree.later


async def _with_account(
    stack: AsyncExitStack, files: ExitStack, world: World, settings: Settings, words: Words
) -> Settings:
    names = ["token", "encoding_aes_key", *(["access_token", "app_secret"] if world.wechat else [])]
    secrets = files.enter_context(secret_files(*names))
    url = f"{world.alarm.scheme}://{HOST}{PATH}"
    if world.platform:
        account = Account("platform", PLATFORM_APPID, authorization_url=url, platform=True, secrets=secrets)
    else:
        account = Account("shop", APPID, url=url, secrets=secrets, callback_ips=world.listed)
    settings = dataclasses.replace(settings, accounts=(account,))
    if world.wechat is not None:
        known = tuple((words(ip), carrier) for ip, carrier in world.wechat.dns)
        answering = await stack.enter_async_context(api(dataclasses.replace(world.wechat, dns=known)))
        settings = dataclasses.replace(settings, api=ApiSettings(answering.url("")))
    return settings


def _text(told: Told, words: Words) -> str:
    url = words(told.url or f"{told.scheme}://@HOST{PATH}")
    lines = [
        f"Appid: {told.appid}",
        "昵称: 示例公众号",
        f"时间: {words.seen:%Y-%m-%d %H:%M:%S}",
        f"内容: {KINDS[told.kind]}",
        f"次数: {told.window}分钟 {told.count}次",
    ]
    if told.groups is not None:
        ip = "" if told.ip is None else f"[IP={words(told.ip)}]"
        head = f"[OpenID={OPENID}][Stamp={words.values['STAMP']}][OuterIP={told.outer}][3rdUrl={url}]"
        if told.kind.startswith("pay"):
            head = f"[transaction_id=4200000000000000000000000001][Stamp={words.values['STAMP']}][3rdUrl={url}]"
        lines.append(f"错误样例: {head}{ip}{words(told.groups)}")
    return "\n".join([*lines, "报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg", ""])


# --- names ---


def _entry(names: Names, words: Words) -> dict[str, Any]:
    """The registry's entry, with its dates filled in."""
    entry: dict[str, Any] = json.loads(words(json.dumps(names.registry or REGISTERED)))
    return entry


async def _resolvers(stack: AsyncExitStack, names: Names, words: Words) -> Dns:
    """A root, two name servers, this machine's resolver and the guide's."""
    servers = words(
        "example.com. 60 IN NS ns1.example.com.\nexample.com. 60 IN NS ns2.example.com.\n"
        "ns1.example.com. 60 IN A @NS1\nns2.example.com. 60 IN A @NS2\n"
    )
    root = ". 60 IN SOA ns.root.example. hostmaster.root.example. 1 3600 600 86400 60\n" + servers
    head = "example.com. 60 IN SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 60\n" + servers

    def zone(addresses: Sequence[str] | None) -> str:
        found = names.zone if addresses is None else addresses
        owner = f"{names.alias}." if names.alias else f"{HOST}."
        lines = [f"{owner} 60 IN A {address}" for address in words.of(found)]
        if names.alias and found:
            lines.append(f"{HOST}. 60 IN CNAME {names.alias}.")
        if names.aaaa:
            lines.append(f"{HOST}. 60 IN AAAA {names.aaaa}")
        return head + "www.example.com. 60 IN A 203.0.113.251\n" + words(names.more) + "\n".join(lines) + "\n"

    known = "".join(f"{name}. 60 IN A 203.0.113.252\n" for name in KNOWN)

    async def server(role: str, records: str, address: str, port: int = 53) -> dns.Running:
        recursive = role in ("system", "guide")
        delays = {HOST: names.delays[role]} if role in names.delays else {}
        made = dns.serve(
            records + (known if recursive else ""),
            recursive=recursive,
            address=address,
            port=port,
            faults=names.faults.get(role, {}),
            delays=delays,
        )
        return await stack.enter_async_context(made)

    await server("root", root, words("@ROOT"))
    await server("first", zone(None), words("@NS1"))
    await server("second", zone(names.second), words("@NS2"))
    system = await server("system", zone(names.system), "127.0.0.1", 0)
    guide = await server("guide", zone(names.guide), GUIDE, 0)
    return Dns((guide.label,), (system.label,), (words("@ROOT"),))


# --- files ---


def _files(world: World, words: Words, folder: Path) -> Host:
    given: dict[str, Any] = {}
    if world.conf is not None:
        (folder / "nginx.conf").write_text(words(world.conf), "utf-8")
        given["nginx_conf"] = str(folder / "nginx.conf")
    if world.access is not None:
        _access(world, words, folder)
        given["access_log"] = (str(folder / "access.log*"),)
    if world.error is not None:
        lines = [_error_line(one, words) for one in sorted(world.error, key=lambda one: one.after)]
        (folder / "error.log").write_text("".join(lines), "utf-8")
        given["error_log"] = (str(folder / "error.log"),)
    if world.app is not None:
        lines = [
            f"{words.seen + timedelta(seconds=one.after):%Y-%m-%d %H:%M:%S},000 {words(one.text)}\n"
            for one in world.app
        ]
        (folder / "app.log").write_text("".join(lines), "utf-8")
        given["app_log"] = (str(folder / "app.log"),)
    return Host(**given, addresses=(words("@A"),) if world.here else ())


def _access(world: World, words: Words, folder: Path) -> None:
    hits = sorted(world.access or (), key=lambda hit: hit.after + hit.took)
    text = "".join(_access_line(hit, words, UTC if world.utc else BEIJING) for hit in hits)
    if not world.zipped:
        (folder / "access.log").write_text(text, "utf-8")
        return
    rotated = folder / "access.log.2.gz"
    rotated.write_bytes(gzip.compress(text.encode())[: 6 if world.broken else None])
    later = "".join(_access_line(dataclasses.replace(hit, after=hit.after + 900), words) for hit in others(3))
    (folder / "access.log").write_text(later, "utf-8")
    os.utime(rotated)


def _query(openid: str | None, words: Words, after: float) -> str:
    stamp = f"{words.seen.timestamp() + after:.0f}"
    return f"signature=0123456789abcdef&timestamp={stamp}&nonce=1000000001&openid={openid or OPENID}"


def _access_line(hit: Hit, words: Words, zone: tzinfo = BEIJING) -> str:
    ended = (words.seen + timedelta(seconds=hit.after + hit.took)).astimezone(zone)
    time = f"{ended:%d/%b/%Y:%H:%M:%S %z}"
    query = _query(hit.openid, words, hit.after)
    request = f"{hit.method} {hit.path}{'?' + query if hit.query else ''} HTTP/1.1"
    if hit.form is not None:
        return hit.form.replace("@TIME", time).replace("@REQUEST", request) + "\n"
    status = (
        hit.upstream_status if hit.upstream_status is not None else "-" if hit.upstream is None else str(hit.status)
    )
    took = hit.upstream_took if hit.upstream_took is not None else "-" if hit.upstream is None else f"{hit.took:.3f}"
    return (
        f'{WECHAT}  - - [{time}] "{request}" {hit.status} {hit.size} "-" "Mozilla/4.0" "-" "{HOST}"  "-" '
        f'"{hit.upstream or "-"}"   "{status}"  "{hit.took:.3f}"  "{took}" \n'
    )


def _error_line(one: Err, words: Words) -> str:
    at = words.seen + timedelta(seconds=one.after)
    line = f"{at:%Y/%m/%d %H:%M:%S} [{one.level}] 1201#1201: *4711 {words(one.text)}"
    if not one.request:
        return line.replace("*4711 ", "") + "\n"
    request = f"POST {PATH}?{_query(one.openid, words, one.after)} HTTP/1.1"
    line += f', client: {WECHAT}, server: {HOST}, request: "{request}"'
    if one.upstream:
        line += f', upstream: "http://{one.upstream}{PATH}?{_query(one.openid, words, one.after)}"'
    return f'{line}, host: "{HOST}"\n'
