"""Compares what everybody says of the callback's name: this machine, 182.254.116.116, the zone's own servers.

Why WeChat cares: its alarms DNS失败 and 无效域名 mean that its resolver got no address; an address that is private,
or that has moved, fails one layer later. The guide (DNS失败, FAQ 1) tells developers to ask 182.254.116.116 in its
place. Each resolver has its own view: a difference between addresses is usual (CDN, geography), no address in one view
is a fault. A resolver that fails is asked for a name that must exist: whether it fails on this name, or on every name
that is asked from here, is all the difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from msgspec import Struct

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip, Untold
from wxalarm.checks.dns import dns_delegation, dns_system, host_name
from wxalarm.checks.dns.views import Kind, Seen, heard, of, said, same_pool, texts
from wxalarm.checks.scope import PRIVATE_ADDRESS, scope_of
from wxalarm.kinds import NAME
from wxalarm.model import AlarmKind, Basis, Code, Finding, Severity
from wxalarm.probes import dns, resolvers
from wxalarm.probes.dns import MUTE, Answer, Outcome, Server, View
from wxalarm.wechat.limits import GUIDE_RESOLVER, WAIT

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
DNS_NXDOMAIN = Code("dns-nxdomain", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_NODATA = Code("dns-nodata", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_SERVFAIL = Code("dns-servfail", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_REFUSED = Code("dns-refused", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_CNAME_LOOP = Code("dns-cname-loop", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_MALFORMED = Code("dns-malformed", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_TIMEOUT = Code("dns-timeout", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_VIEW_DIFFERS = Code("dns-view-differs", _ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_NO_IPV4 = Code("dns-no-ipv4", _WARNING, Basis.CONDITION, mechanisms.IPV6_ONLY)
DNS_SLOW = Code("dns-slow", _WARNING, Basis.CONDITION, mechanisms.RESOLVED_LATE)
# A resolver that must have the whole answer goes without.
DNS_TRUNCATED = Code("dns-truncated", _WARNING, Basis.CONDITION, mechanisms.UNRESOLVED)
DNS_SPOOFED = Code("dns-spoofed", _NOTE, Basis.REPRODUCED)

SLOW = 2.0
"""Seconds above which an answer is slow: WeChat gives the whole resolution 5 s."""
CONTROL = 2.0
"""Seconds for the name that must exist: every resolver has it at hand."""
LEAST = 0.1
"""Seconds below which silence would say nothing."""
FAILING = {
    Outcome.SERVFAIL: DNS_SERVFAIL,
    Outcome.MALFORMED: DNS_MALFORMED,
    **dict.fromkeys((Outcome.REFUSED, Outcome.RCODE, Outcome.REFERRAL), DNS_REFUSED),
    **dict.fromkeys(MUTE, DNS_TIMEOUT),
}
"""Outcomes in which a server says nothing of the name: it may be so with every name."""
_WORDS_ON_THE_NAME = frozenset({Outcome.SERVFAIL, Outcome.MALFORMED})
"""Those of them that are more likely to be about the name, as long as nothing else is known."""


class Control(Struct, frozen=True):
    """A name that must exist, asked of a server that failed for the callback's."""

    server: Server
    name: str
    answer: Answer

    @property
    def works(self) -> bool:
        """Whether the server resolves for this machine."""
        return self.answer.outcome is Outcome.ANSWER


class Names(Struct, frozen=True):
    """The name as the compared resolvers see it, and every address that any view gave."""

    host: str
    views: tuple[View, ...] = ()
    addresses: tuple[str, ...] = ()
    """Of all views, this machine's and the authoritative ones included; or those given without DNS."""
    asked: bool = True
    """False: there was nothing to ask; the host is an address, --resolve was given, or the name cannot be sent."""
    controls: tuple[Control, ...] = ()
    """Of the servers that failed."""

    @property
    def usable(self) -> bool:
        """Whether there is at least one address, from whomever."""
        return bool(self.addresses)

    @property
    def reached(self) -> bool:
        """Whether anybody at a compared resolver's address said anything."""
        return any(heard(view) for view in self.views) or any(control.answer.said for control in self.controls)

    def stands_for_wechat(self, server: Server) -> bool:
        """Whether it is the resolver to which the guide sends developers, or one that was set in its place."""
        asked = {view.server.address for view in self.views}
        return server.address == GUIDE_RESOLVER or GUIDE_RESOLVER not in asked


async def probe(ctx: Context) -> Names:
    """A and AAAA from each compared resolver, all at once, beside the other DNS checks; then the control."""
    host = ctx.target.host
    if host is None:
        raise Skip("no-host")
    if not host_name.askable(ctx.target):
        return Names(host, addresses=host_name.fixed(ctx.target), asked=False)
    limit = host_name.limit(ctx, WAIT)
    servers = resolvers.servers(ctx.settings.dns.servers)
    views = await asyncio.gather(*(dns.view(server, host, limit=limit) for server in servers))
    controls = await _controls([view.server for view in views if view.outcome in FAILING], host, ctx)
    system = await ctx.wait(dns_system.CHECK)
    delegation = await ctx.wait(dns_delegation.CHECK)
    everywhere = (*(system.views if system else ()), *views, *(delegation.views if delegation else ()))
    addresses = dict.fromkeys(address for view in everywhere for address in view.addresses)
    return Names(host, tuple(views), tuple(addresses), controls=controls)


async def _controls(servers: list[Server], host: str, ctx: Context) -> tuple[Control, ...]:
    """The name that must exist, asked of these servers alone; none when no time is left to wait for an answer."""
    name, limit = ctx.settings.dns.control, host_name.limit(ctx, CONTROL)
    if not name or name == host or limit < LEAST:
        return ()
    answers = await asyncio.gather(*(dns.ask(server, name, "A", limit=limit) for server in servers))
    return tuple(Control(server, name, answer) for server, answer in zip(servers, answers, strict=True))


def evaluate(observation: Names, ctx: Context) -> Iterator[Finding]:
    """No address anywhere; else views that deny, fail, moved, lead inside, are slow."""
    if not observation.asked:
        if fixed := host_name.fixed(ctx.target):
            raise Skip("fixed-address", addresses=list(fixed))
        raise Skip("name-not-sent", host=observation.host)
    seen = views_of(observation, ctx)
    if not seen:
        raise Skip("no-resolver")
    yield from _oddities(observation.host, seen)
    if not any(one.positive for one in seen):
        yield from _nowhere(observation.host, seen)
        return
    yield from _denied(observation.host, seen)
    yield from _failing(observation, seen, ctx)
    yield from _private(observation.host, seen, ctx)
    yield from _family(observation.host, seen)
    yield from _slow(observation.host, seen)
    yield from _differing(observation.host, seen)
    _heard(observation, ctx)


def _heard(observation: Names, ctx: Context) -> None:
    """Of a DNS alarm it matters what the resolver says that stands for WeChat's: one that answers this machine nothing,
    whatever it is asked, leaves that untold."""
    mute = [one.server for one in observation.controls if not one.works and observation.stands_for_wechat(one.server)]
    if mute and ctx.alarm.kind in NAME:
        control = observation.controls[0].name
        raise Untold("resolver-unheard", server=mute[0].label, host=observation.host, control=control)


def views_of(observation: Names | None, ctx: Context) -> list[Seen]:
    """Every view of the run, this machine's first; with what this check observed, if it did."""
    system, delegation = ctx.got(dns_system.CHECK), ctx.got(dns_delegation.CHECK)
    return [
        *(Seen(Kind.SYSTEM, view) for view in (system.views if system else ())),
        *(Seen(Kind.SERVER, view) for view in (observation.views if observation else ())),
        *(Seen(Kind.AUTHORITATIVE, view) for view in (delegation.views if delegation else ())),
    ]


_NOWHERE = (
    (Outcome.NXDOMAIN, DNS_NXDOMAIN),
    (Outcome.NODATA, DNS_NODATA),
    (Outcome.LOOP, DNS_CNAME_LOOP),
    (Outcome.SERVFAIL, DNS_SERVFAIL),
    (Outcome.MALFORMED, DNS_MALFORMED),
    (Outcome.REFUSED, DNS_REFUSED),
    (Outcome.RCODE, DNS_REFUSED),
    (Outcome.REFERRAL, DNS_REFUSED),
)
"""No view has an address: the most telling word decides. Silence is what is left."""


def _nowhere(host: str, seen: list[Seen]) -> Iterator[Finding]:
    for outcome, code in _NOWHERE:
        if found := [one for one in seen if one.view.outcome is outcome]:
            yield _failure(code, host, found, seen)
            return
    mute = [one for one in of(seen, Kind.SYSTEM, Kind.SERVER) if one.view.outcome in MUTE]
    if mute and len(mute) == len(of(seen, Kind.SYSTEM, Kind.SERVER)):
        yield _failure(DNS_TIMEOUT, host, mute, seen)


def _failure(
    code: Code, host: str, found: list[Seen], seen: list[Seen], case: str | None = None, control: Control | None = None
) -> Finding:
    """A finding about the views `found` among all that were `seen`. case: what the control says of them."""
    first = found[0].view.a
    may_be_controlled = code.id in {failing.id for failing in FAILING.values()}
    controlled = {"control": control and control.name, "control_said": control and said(control.answer)}
    return code(
        host=host,
        **({"case": case or code.id, **controlled} if may_be_controlled else {}),
        server=found[0].view.server.label,
        servers=[one.view.server.label for one in found],
        count=len(found),
        total=len(seen),
        rcode=first.rcode,
        chain=list(first.chain),
        missing=first.chain[-1] if first.chain else host,
        zone=first.zone,
        said=" ".join([first.rcode or "?", *first.extended]),
        attempts=first.attempts,
        elapsed=max(one.view.elapsed for one in found),
        limit=first.limit,
        error=first.error,
        views=texts(seen),
    )


def _denied(host: str, seen: list[Seen]) -> Iterator[Finding]:
    """Addresses in one view, none in another: a fault, unless only this machine's resolver knows less."""
    deniers = [one for one in seen if one.denies]
    if not deniers:
        return
    only_here = all(one.kind is Kind.SYSTEM for one in deniers)
    here = DNS_VIEW_DIFFERS.variant(severity=_WARNING, basis=Basis.CONDITION)
    code = here if only_here else DNS_VIEW_DIFFERS
    yield code(
        host=host,
        case="denied-here" if only_here else "denied",
        server=deniers[0].view.server.label,
        deniers=texts(deniers),
        others=texts(one for one in seen if one.positive),
    )


def _failing(observation: Names, seen: list[Seen], ctx: Context) -> Iterator[Finding]:
    """Resolvers that fail while others give addresses: on this name, or on every name that is asked from here."""
    host = observation.host
    controls = {control.server: control for control in observation.controls}
    asked, compared, system = of(seen, Kind.SYSTEM, Kind.SERVER), of(seen, Kind.SERVER), of(seen, Kind.SYSTEM)
    silent = all(one.view.outcome in MUTE for one in asked) and not any(one.works for one in controls.values())
    if silent:
        untold = DNS_TIMEOUT.variant(severity=_NOTE if controls else _WARNING, basis=Basis.CONDITION)
        yield _failure(untold, host, asked, seen, "every" if controls else None, next(iter(controls.values()), None))
    for one in compared:
        if one.view.outcome is Outcome.LOOP:
            yield _failure(DNS_CNAME_LOOP, host, [one], seen)
        elif (code := FAILING.get(one.view.outcome)) and not silent:
            control = controls.get(one.view.server)
            case, graded = _blamed(one, code, control, observation, asked, ctx)
            yield _failure(graded, host, [one], seen, case, control)
    # Where another's resolver answers, that of this machine is a note of dns-system.
    at_home = system and all(one.view.outcome is Outcome.SERVFAIL for one in system)
    if at_home and not any(one.positive for one in compared):
        yield _failure(DNS_SERVFAIL.variant(severity=_WARNING, basis=Basis.CONDITION), host, system, seen)


def _blamed(
    one: Seen, code: Code, control: Control | None, observation: Names, asked: list[Seen], ctx: Context
) -> tuple[str | None, Code]:
    """What a failing resolver shows, and the code as grave as that is for this alarm. asked: all resolvers."""
    if control is None:
        severity = _WARNING if one.view.outcome in _WORDS_ON_THE_NAME else _NOTE
        return None, code.variant(severity=severity, basis=Basis.CONDITION)
    if not control.works:
        return "every", code.variant(severity=_NOTE)
    if not observation.stands_for_wechat(one.view.server):
        return "other", code.variant(severity=_WARNING)
    alone = len(asked) == 1 or any(other.positive for other in asked)
    explains = ctx.alarm.kind is AlarmKind.UNKNOWN or ctx.alarm.kind in code.explains
    return "name" if alone else "zone", code.variant(severity=_ERROR if explains else _WARNING)


def _private(host: str, seen: list[Seen], ctx: Context) -> Iterator[Finding]:
    """Addresses that WeChat cannot reach. Only a public server's word is what WeChat sees."""
    inner = [(one, address, scope) for one in seen for address in one.view.addresses if (scope := scope_of(address))]
    inner = [(one, address, scope) for one, address, scope in inner if scope != "fake-ip"]
    if not inner:
        return
    public = [entry for entry in inner if entry[0].public]
    outside = [address for one in seen for address in one.view.addresses if scope_of(address) is None]
    if public:
        severity = _ERROR
    elif outside or (ctx.target.named_by_user and all(scope == "loopback" for _, _, scope in inner)):
        severity = _NOTE  # a split view of this network, or a stand-in on this machine
    else:
        severity = _WARNING
    addresses = list(dict.fromkeys(address for _, address, _ in public or inner))
    yield PRIVATE_ADDRESS.variant(severity=severity)(
        host=host,
        case="public" if public else "split" if outside else "inner",
        addresses=addresses,
        scope=(public or inner)[0][2],
        servers=list(dict.fromkeys(one.view.server.label for one, _, _ in public or inner)),
        outside=list(dict.fromkeys(outside)),
    )


def _family(host: str, seen: list[Seen]) -> Iterator[Finding]:
    """Only AAAA: every address that WeChat was ever seen to use is IPv4."""
    answering = [one for one in seen if one.positive]
    outcomes = {one.view.a.outcome for one in answering}
    if Outcome.ANSWER not in outcomes and Outcome.NODATA in outcomes:  # silence on A is no word that there is none
        addresses = dict.fromkeys(address for one in answering for address in one.view.addresses)
        yield DNS_NO_IPV4(host=host, addresses=list(addresses))


def _slow(host: str, seen: list[Seen]) -> Iterator[Finding]:
    slow = [one for one in seen if one.positive and one.view.a.said and one.view.elapsed >= SLOW]
    if slow:
        worst = max(slow, key=lambda one: one.view.elapsed)
        others = any(one.kind is not Kind.SYSTEM for one in slow)
        code = DNS_SLOW if others else DNS_SLOW.variant(severity=_NOTE)
        yield code(
            host=host,
            server=worst.view.server.label,
            servers=[one.view.server.label for one in slow],
            elapsed=worst.view.elapsed,
            limit=worst.view.a.limit,
        )


def _differing(host: str, seen: list[Seen]) -> Iterator[Finding]:
    """Resolvers that name quite other addresses: usual for CDN and geographic DNS, worth knowing all the same."""
    answering = [one for one in seen if one.positive]
    for place, one in enumerate(answering):
        for other in answering[place + 1 :]:
            if not same_pool(one.view, other.view):
                yield DNS_VIEW_DIFFERS.variant(severity=_NOTE)(
                    host=host,
                    case="addresses",
                    server=one.view.server.label,
                    deniers=[one.text],
                    others=texts(o for o in answering if o is not one),
                )
                return


def _oddities(host: str, seen: list[Seen]) -> Iterator[Finding]:
    """Replies that were cut with no TCP behind, replies that were not ours, and those that a proxy made up."""
    for one in seen:
        fakes = [address for address in one.view.addresses if scope_of(address) == "fake-ip"]
        if fakes and one.kind is not Kind.SYSTEM:
            yield dns_system.DNS_FAKE_IP(server=one.view.server.label, host=host, addresses=fakes)
        answers = (one.view.a, one.view.aaaa)
        if cut := next((answer for answer in answers if answer.truncated and not answer.tcp), None):
            server = one.view.server
            asked = {"host": host, "verify_server": server.address, "verify_port": server.port}
            yield DNS_TRUNCATED(server=server.label, rtype=cut.rtype, error=cut.error, **asked)
        if spoofed := sum(answer.spoofed for answer in answers):
            yield DNS_SPOOFED(server=one.view.server.label, count=spoofed)


CHECK = Check(
    id="dns-resolve",
    codes=(
        DNS_NXDOMAIN,
        DNS_NODATA,
        DNS_SERVFAIL,
        DNS_REFUSED,
        DNS_CNAME_LOOP,
        DNS_MALFORMED,
        DNS_TIMEOUT,
        DNS_VIEW_DIFFERS,
        PRIVATE_ADDRESS,
        DNS_NO_IPV4,
        DNS_SLOW,
        DNS_TRUNCATED,
        DNS_SPOOFED,
        dns_system.DNS_FAKE_IP,
    ),
    observation=Names,
    probe=probe,
    evaluate=evaluate,
    uses=(dns_system.CHECK, dns_delegation.CHECK),
    key=host_name.key,
    timeout=8.0,
    wants=("host",),
)
