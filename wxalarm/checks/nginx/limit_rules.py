"""Rules on how often and how long nginx lets pushes through: rate limits, body size, timeouts against WeChat's 5 s."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from wxalarm import mechanisms
from wxalarm.bounds import whole
from wxalarm.checks.nginx.facts import Facts, made, passes
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.nginx.edit import Edit, comment_out, put_behind, put_first, rewrite
from wxalarm.nginx.routing import Route
from wxalarm.nginx.syntax import Directive
from wxalarm.nginx.values import seconds, size
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

NGINX_RATE_LIMIT = Code("nginx-rate-limit", Severity.WARNING, Basis.CONDITION, mechanisms.LIMITED)
NGINX_PROXY_TIMEOUT = Code("nginx-proxy-timeout", Severity.WARNING, Basis.CONDITION, mechanisms.STATUS)
NGINX_CONNECT_TIMEOUT = Code("nginx-connect-timeout", Severity.NOTE, Basis.CONDITION)
NGINX_BODY_SIZE = Code("nginx-body-size", Severity.WARNING, Basis.CONDITION, mechanisms.STATUS)
NGINX_SINGLE_UPSTREAM = Code("nginx-single-upstream", Severity.NOTE, Basis.CONDITION)
CODES = (NGINX_RATE_LIMIT, NGINX_PROXY_TIMEOUT, NGINX_CONNECT_TIMEOUT, NGINX_BODY_SIZE, NGINX_SINGLE_UPSTREAM)

LARGEST_PUSH = 64 * 1024
"""Bytes: an encrypted push with a long text stays far below this."""
SMALL = 1.0
"""Pushes a second."""
LOW = 10.0
"""Pushes a second that one article sent to all, or one evening of scanning, brings to a small account."""
_OF_EACH = re.compile(r"\$\{?(request_uri|args|query_string|arg_(msg_)?signature|arg_timestamp|arg_nonce|request_id)\b")
"""Variables that differ from push to push."""
_ADDRESS = r"(?i)\d[\d.]*:\d+|\[[0-9a-f:.]+\]:\d+"
_RATE = re.compile(r"rate=(\d{1,9})r/([sm])")


def findings(known: Facts) -> Iterable[Finding]:
    """Nothing when nginx itself answers: nginx_path has said so."""
    route = known.route
    if route is None or route.outcome.kind not in ("pass", "handler"):
        return
    yield from _rates(known, route)
    yield from _connections(known, route)
    yield from _body(known, route)
    if (handler := passes(route.chain)) is not None:
        yield from _timeouts(known, route, handler)


# --- limit_req, limit_conn ---


def _counted(route: Route, key: str) -> bool | None:
    """Whether a zone counts pushes together under its key: nginx counts no empty one; None when that is not known."""
    if _OF_EACH.search(key):
        return False
    value = "address" if "remote_addr" in key else route.value(key)
    return None if value is None else value != ""


def _rates(known: Facts, route: Route) -> Iterable[Finding]:
    """limit_req: WeChat pushes from few addresses, so a limit per address hits nearly every push."""
    zones = _zones(route, "limit_req")
    for directive in route.inherited("limit_req"):
        options = dict(arg.split("=", 1) for arg in directive.args if "=" in arg)
        zone = zones.get(options.get("zone", ""))
        match = next((m for arg in zone.args if (m := _RATE.fullmatch(arg))), None) if zone else None
        if zone is None or match is None:
            continue
        allowed = int(match[1]) / (60 if match[2] == "m" else 1)
        burst = whole(options.get("burst", "")) or 0
        waits = 0.0 if "nodelay" in directive.args or not allowed else burst / allowed
        yield _limited(known, directive, zone, waits, allowed=allowed, unit="r/s", burst=burst)


def _connections(known: Facts, route: Route) -> Iterable[Finding]:
    """limit_conn: pushes held for up to 5 s add up."""
    zones = _zones(route, "limit_conn")
    for directive in route.inherited("limit_conn"):
        number = whole(directive.args[1]) if len(directive.args) == 2 else None
        if number is not None and (zone := zones.get(directive.args[0])):
            # A connection is held for up to 5 s, so this many connections let a fifth of them through each second.
            yield _limited(known, directive, zone, 0.0, allowed=number / WAIT, unit="connections", burst=number)


def _limited(
    known: Facts, directive: Directive, zone: Directive, waits: float, *, allowed: float, unit: str, burst: int
) -> Finding:
    """An error when the alarm's own rate is surely above the limit; a note when it is below a tenth of it, unless the
    alarm shows the limit's own status, or shows none and the limit is low: it counts the pushes that failed, not those
    that were let through.

    An alarm that gives no count is taken for a small one.
    """
    rate, makes = known.ctx.alarm.rate, _refusal(known, directive.name)
    shown = known.ctx.alarm.sample.http_code
    may_be_it = allowed < LOW if shown is None else shown in (makes or ())
    severity = Severity.WARNING
    counted = known.route is not None and _counted(known.route, zone.args[0])
    if counted and rate is not None and (rate > allowed or waits >= WAIT):
        severity = Severity.ERROR
    elif (rate or SMALL) * 10 < allowed and waits < WAIT and not may_be_it:
        severity = Severity.NOTE
    code = NGINX_RATE_LIMIT.variant(severity=severity)
    if waits < SLOW_AFTER:  # it refuses at once, or holds a push for less than that
        code = replace(code, explains=mechanisms.STATUS)
    return code(
        None,
        directive=directive.text,
        place=directive.place,
        zone=_zone_name(zone),
        zone_place=zone.place,
        makes=makes,
        seconds=waits,
        variable=zone.args[0],
        allowed=allowed,
        unit=unit,
        case="unknown" if rate is None else "known",
        burst=burst,
        waits=waits,
        rate=rate,
        limit=WAIT,
        diff=known.diff(comment_out(directive, known.source(directive))),
    )


def _refusal(known: Facts, name: str) -> list[int] | None:
    """The status with which a limit refuses: limit_req_status, limit_conn_status, else 503."""
    directive = known.route.one(f"{name}_status") if known.route is not None else None
    status = whole(directive.args[0]) if directive is not None and directive.args else None
    return made(status or 503)


def _zone_name(zone: Directive) -> str | None:
    """The name of a zone, as the error log says it."""
    return next((arg[5:].partition(":")[0] for arg in zone.args if arg.startswith("zone=")), None)


def _zones(route: Route, name: str) -> dict[str, Directive]:
    """The zones of limit_req or limit_conn that count pushes, by name; none in a dry run, which refuses nothing."""
    zones: dict[str, Directive] = {}
    dry = route.one(f"{name}_dry_run")
    for zone in route.chain[0].all(f"{name}_zone"):
        if (dry is not None and dry.args == ("on",)) or not zone.args or _counted(route, zone.args[0]) is False:
            continue
        if (found := _zone_name(zone)) is not None:
            zones[found] = zone
    return zones


# --- body, timeouts ---


def _body(known: Facts, route: Route) -> Iterable[Finding]:
    directive = route.one("client_max_body_size")
    allowed = size(directive.args[0]) if directive is not None and directive.args else None
    if directive is not None and allowed is not None and 0 < allowed < LARGEST_PUSH:
        yield NGINX_BODY_SIZE(
            None,
            directive=directive.text,
            place=directive.place,
            allowed=allowed,
            wanted=LARGEST_PUSH,
            makes=[413],
            diff=known.diff(rewrite(directive, "client_max_body_size 1m;")),
        )


def _timeouts(known: Facts, route: Route, handler: Directive) -> Iterable[Finding]:
    """A read timeout below 5 s turns a slow answer into 504; a long connect timeout makes the next server useless."""
    family = handler.name.removesuffix("_pass")
    read, connect = (route.one(f"{family}_{what}_timeout") for what in ("read", "connect"))
    allowed = seconds(" ".join(read.args)) if read is not None else None
    if read is not None and allowed is not None and allowed < WAIT:
        yield NGINX_PROXY_TIMEOUT(
            None,
            directive=read.text,
            place=read.place,
            seconds=allowed,
            makes=[504],
            upstreams=_addresses(route, handler),
            limit=WAIT,
            diff=known.diff(rewrite(read, f"{read.name} 5s;")),
        )
    upstream = _upstream(route, handler)
    others = list(upstream.all("server")) if upstream is not None else []
    waits = seconds(" ".join(connect.args)) if connect is not None else 60.0
    if len(others) > 1 and waits is not None and waits >= WAIT:
        at = connect or handler
        text = f"{family}_connect_timeout 1s;"
        edit = rewrite(connect, text) if connect is not None else _beside(known, route, handler, text)
        yield NGINX_CONNECT_TIMEOUT(
            None,
            directive=connect.text if connect is not None else f"{family}_connect_timeout 60s (default)",
            place=at.place,
            seconds=waits,
            limit=WAIT,
            diff=known.diff(edit),
        )
    if upstream is not None and len([server for server in others if "down" not in server.args]) == 1:
        yield NGINX_SINGLE_UPSTREAM(None, place=upstream.place, upstream=upstream.args[0], server=others[0].args[0])


def _beside(known: Facts, route: Route, handler: Directive, text: str) -> Edit:
    """The line behind a pass; first in the location when the pass stands in an `if`, where nginx takes no other."""
    inside = next(level for level in reversed(route.chain) if level.name != "if")
    if handler in (inside.block or ()):
        return put_behind(handler, text, known.source(handler))
    return put_first(inside, text, known.source(inside))


def _addresses(route: Route, handler: Directive) -> list[str]:
    """The addresses that a pass leads to, as logs name them; none when they are names or variables."""
    upstream = _upstream(route, handler)
    servers = upstream.all("server") if upstream is not None else [handler]
    found = [server.args[0].partition("://")[2] or server.args[0] for server in servers if server.args]
    sockets = [":".join(address.split(":")[:2]) for address in found if address.startswith("unix:")]
    return [*sockets, *(address.partition("/")[0] for address in found if re.match(_ADDRESS, address))]


def _upstream(route: Route, handler: Directive) -> Directive | None:
    """The upstream block that a pass names; None for an address."""
    name = handler.args[0].partition("://")[2] or handler.args[0] if handler.args else ""
    name = name.partition("/")[0]
    return next((d for d in route.chain[0].all("upstream") if d.args[:1] == (name,)), None)
