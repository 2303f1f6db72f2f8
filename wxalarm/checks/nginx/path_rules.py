"""Rules on what nginx itself answers to a push: refused, redirected, answered without the application.

The way of the push is worked out by wxalarm.nginx.routing, as nginx would; how long and how often it lets pushes
through is in nginx_limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from wxalarm import mechanisms, nginx
from wxalarm.bounds import whole
from wxalarm.checks.nginx.facts import Facts, leads_on, made, route_of, told_names
from wxalarm.checks.nginx.names import host_of, near
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.nginx.edit import Edit, apply, comment_out, put_before, put_first, rewrite
from wxalarm.nginx.maps import holds
from wxalarm.nginx.routing import SCRIPTS, Route, error_page
from wxalarm.nginx.servers import Server, by_name, servers
from wxalarm.nginx.syntax import Directive, quoted

NGINX_SERVER_NAME = Code("nginx-server-name", Severity.WARNING, Basis.CONDITION)
NGINX_NO_SERVER = Code("nginx-no-server", Severity.WARNING, Basis.CONDITION, mechanisms.REFUSED)
NGINX_NAME_PATH = Code("nginx-name-path", Severity.WARNING, Basis.CONDITION, mechanisms.STATUS)
NGINX_DENIED = Code("nginx-denied", Severity.ERROR, Basis.CONDITION, mechanisms.STATUS)
NGINX_REDIRECT = Code("nginx-redirect", Severity.ERROR, Basis.CONDITION, mechanisms.REDIRECTED)
NGINX_RETURN = Code("nginx-return", Severity.ERROR, Basis.CONDITION, mechanisms.STATUS)
NGINX_STATIC = Code("nginx-static", Severity.WARNING, Basis.CONDITION, mechanisms.STATUS)
NGINX_CERTIFICATE_ALONE = Code("nginx-certificate-alone", Severity.WARNING, Basis.CONDITION, mechanisms.CERTIFICATE)
NGINX_ERROR_PAGE = Code("nginx-error-page", Severity.WARNING, Basis.CONDITION, mechanisms.REPLY)
CODES = (
    NGINX_NO_SERVER,
    NGINX_NAME_PATH,
    NGINX_SERVER_NAME,
    NGINX_DENIED,
    NGINX_REDIRECT,
    NGINX_RETURN,
    NGINX_STATIC,
    NGINX_CERTIFICATE_ALONE,
    NGINX_ERROR_PAGE,
)

REFUSALS = (401, 403, 444)
NOT_TRUSTED = 60
"""libcurl's number for a certificate that it does not take."""
_ALONE = re.compile(
    r"(?P<folder>.*/live/[^/]+/)cert\.pem|(?P<acme>.*/\.acme\.sh/(?P<name>[^/]+?)(?:_ecc)?/)(?P=name)\.cer"
)
"""The certificate without what is between it and its root, by the names that certbot and acme.sh give."""
_PLAIN = re.compile(r"/[A-Za-z0-9_./-]*")
"""A path that needs no quotes in a condition."""


def findings(known: Facts) -> Iterable[Finding]:
    """Nothing when the URL is not known, or its way cannot be told."""
    route, found = known.route, servers(known.config)
    named = list(_names_with_paths(known, found))
    yield from named
    if route is None:
        yield from () if named else _unserved(known, found)
        return
    answers = list(_met(known, route))
    yield from () if named else _unnamed(known, route, found, bool(answers))
    yield from _on_another_port(known, route.choice.server)
    default = _default(route)
    yield from (replace(one, evidence={**one.evidence, **default}) for one in answers)
    yield from _certificate(known, route)
    if route.outcome.kind != "unknown":
        yield from _error_pages(known, route)


def _certificate(known: Facts, route: Route) -> Iterable[Finding]:
    """A certificate that is served alone: browsers find what is missing, WeChat does not."""
    given = route.one("ssl_certificate")
    alone = _ALONE.fullmatch(given.args[0]) if given is not None and given.args else None
    if given is None or alone is None or known.ctx.target.scheme != "https" or not route.choice.listen.ssl:
        return
    if known.ctx.alarm.told and known.ctx.alarm.sample.curl_error != NOT_TRUSTED:  # WeChat took it, or never saw it
        return
    whole_chain = f"{alone['folder'] or alone['acme']}fullchain.{'pem' if alone['folder'] else 'cer'}"
    yield NGINX_CERTIFICATE_ALONE(
        None,
        directive=given.text,
        place=given.place,
        file=given.args[0],
        better=whole_chain,
        curl=NOT_TRUSTED,
        diff=known.diff(rewrite(given, f"ssl_certificate {quoted(whole_chain)};")),
    )


def _met(known: Facts, route: Route) -> Iterable[Finding]:
    """What nginx itself answers."""
    if route.outcome.kind == "unknown":
        return []
    return list(_refused(known, route)) or _answered(known, route)


def _default(route: Route | None) -> dict[str, str]:
    """The server that answers for want of one with the name: what ties its answer to the name that nobody has."""
    return {} if route is None or route.choice.by_name else {"default_server": route.choice.server.block.place}


# --- which server ---


def _names_with_paths(known: Facts, found: tuple[Server, ...]) -> Iterable[Finding]:
    """`server_name 203.0.113.19/WX/` or `https://wx.example.com`: no Host is ever like that."""
    host = known.ctx.target.host or ""
    for server in found:
        for directive in server.block.all("server_name"):
            wrong = next((name for name in directive.args if host_of(name) != name and host_of(name) == host), None)
            if wrong is not None:
                names = dict.fromkeys(host if name == wrong else name for name in directive.args)
                edit = rewrite(directive, " ".join(("server_name", *map(quoted, names))) + ";")
                diff, default = known.diff(edit), _default(known.route)
                yield NGINX_NAME_PATH(None, place=directive.place, name=wrong, host=host, diff=diff, **default)


def _unnamed(known: Facts, route: Route, found: tuple[Server, ...], answered: bool) -> Iterable[Finding]:
    """No server has the name, on any port: the default server answers. That is a fault where another is there that may
    be meant, and the default passes nothing on; one that does may be meant so."""
    host, server = known.ctx.target.host or "", route.choice.server
    names = list(dict.fromkeys(name for one in found for name in told_names(one)))
    if not names or by_name(list(found), host)[0] is not None:
        return
    close = near(host, names)
    meant = any(one.block is not server.block and told_names(one) for one in found)
    code = NGINX_SERVER_NAME if answered and meant else NGINX_SERVER_NAME.variant(severity=Severity.NOTE)
    helping = (_named_too(known, directive, host) for one in found for directive in one.block.all("server_name"))
    yield code(
        None,
        place=server.block.place,
        host=host,
        names=names,
        whole="part" if known.config.fragment else "whole",
        near=close or None,
        diff=next(filter(None, helping), "") if answered and close else "",
        **_default(route),
    )


def _named_too(known: Facts, directive: Directive, host: str) -> str:
    """The edit that adds the host to a near name, where the push then finds an application."""
    if not near(host, directive.args):
        return ""
    return _helps(known, rewrite(directive, " ".join(("server_name", *map(quoted, (*directive.args, host)))) + ";"))


def _unserved(known: Facts, found: tuple[Server, ...]) -> Iterable[Finding]:
    """No server here listens on the URL's port, or has its name."""
    target = known.ctx.target
    if target.host is None or target.url is None or not found or not by_name(list(found), target.host)[1]:
        return
    ports = sorted({port for server in found for listen in server.listens for port in (listen.first, listen.last)})
    names = list(dict.fromkeys(name for server in found for name in told_names(server)))
    case = "name" if any(listen.has(target.port) for server in found for listen in server.listens) else "port"
    # Another file may hold the right server: that a part has none is no fault.
    code = NGINX_NO_SERVER.variant(severity=Severity.NOTE) if known.config.fragment else NGINX_NO_SERVER
    case += "-part" if known.config.fragment else ""
    file = known.observation.conf.path
    yield code(None, file=file, case=case, host=target.host, port=target.port, ports=ports, names=names)


def _on_another_port(known: Facts, server: Server) -> Iterable[Finding]:
    """The server has the name, but listens on other ports: so it is behind a balancer, or by mistake."""
    target = known.ctx.target
    if target.url is None or not server.listens or any(listen.has(target.port) for listen in server.listens):
        return
    yield NGINX_NO_SERVER.variant(severity=Severity.NOTE)(
        None,
        file=server.block.place,
        case="other-port",
        host=target.host,
        port=target.port,
        ports=sorted({port for listen in server.listens for port in (listen.first, listen.last)}),
        names=list(told_names(server)),
    )


# --- refused ---


def _refused(known: Facts, route: Route) -> Iterable[Finding]:
    """`return 403`, allow/deny, limit_except, auth_basic, client certificates: no handler ever sees the push."""
    outcome = route.outcome
    if outcome.kind == "return" and outcome.status in REFUSALS and outcome.directive is not None:
        denied = _denied(known, outcome.directive, outcome.status, (), _bypass(known, route, outcome.directive))
        condition = next(
            (one for one in known.config.walk() if one.name == "if" and outcome.directive in (one.block or ())), None
        )
        if condition is not None and "$request_method" in condition.text:
            denied = Finding(
                denied.code, {**denied.evidence, "case": "if-method", "limit": condition.text}, denied.location
            )
        yield denied
    if outcome.kind in ("return", "redirect", "slash"):
        return  # the rewrite phase comes before the access rules
    if any(d.args == ("any",) for d in route.inherited("satisfy")):
        return  # one of several ways in is enough: that cannot be told from here
    location = route.location
    by_address = not error_page(route.chain, 403)  # one with `=` answers in place of the refusal
    if by_address:
        yield from _by_address(known, route.inherited("allow", "deny"))
    for limit in location.all("limit_except") if location is not None and by_address else ():
        if "POST" not in {arg.upper() for arg in limit.args}:
            for denied in _by_address(known, tuple(limit.all("allow", "deny"))):
                evidence = {**denied.evidence, "case": "method", "limit": limit.text}
                yield Finding(denied.code, evidence, denied.location)
    basic = route.one("auth_basic")
    if basic is not None and basic.args[:1] != ("off",) and not error_page(route.chain, 401):
        own = location is not None and basic in (location.block or ())
        edit = rewrite(basic, "auth_basic off;") if own else _inside(known, location, "auth_basic off;")
        yield _denied(known, basic, 401, (), known.diff(edit))
    client = route.one("ssl_verify_client")
    asked = client is not None and client.args[:1] == ("on",) and known.ctx.target.scheme == "https"
    if client is not None and asked and not error_page(route.chain, 400, 496):
        yield _denied(known, client, 400, (), known.diff(rewrite(client, "ssl_verify_client optional;")))


def _by_address(known: Facts, rules: tuple[Directive, ...]) -> Iterable[Finding]:
    """The first rule that holds an address decides; none: it may come in (ngx_http_access_module)."""
    rules = tuple(rule for rule in rules if rule.args)
    refused: dict[Directive, list[str]] = {}
    for address in known.push_addresses:
        rule = next((rule for rule in rules if holds(rule.args[0], address)), None)
        if rule is not None and rule.name == "deny":
            refused.setdefault(rule, []).append(address)
    for rule, addresses in refused.items():
        allows = [f"allow {address};" for address in addresses]
        edits = [put_before(rules[0], line, known.source(rules[0])) for line in allows]
        yield _denied(known, rule, 403, tuple(addresses), known.diff(*edits))
    if not known.push_addresses:
        last = next((rule for rule in rules if rule.args[0] == "all"), None)
        if last is not None and last.name == "deny":
            yield _denied(known, last, 403, (), "", NGINX_DENIED.variant(severity=Severity.WARNING))


def _denied(
    known: Facts, rule: Directive, status: int, addresses: tuple[str, ...], diff: str, code: Code = NGINX_DENIED
) -> Finding:
    return code(
        None,
        directive=rule.text,
        place=rule.place,
        status=status,
        case="known" if addresses else "unknown",
        makes=made(status),
        addresses=list(addresses) or None,
        path=known.ctx.target.path,
        diff=diff,
    )


# --- answered by nginx ---


def _answered(known: Facts, route: Route) -> Iterable[Finding]:
    """A redirect (WeChat follows none), a fixed answer, a file: the application never sees the push."""
    outcome = route.outcome
    at = outcome.directive
    path = known.ctx.target.path
    if at is None:
        return
    if outcome.kind == "redirect":
        edit = _bypass(known, route, at)
        yield _redirected(at, outcome.status, outcome.target, path, edit)
    elif outcome.kind == "slash":
        yield _redirected(at, 301, outcome.target, path, _exact(known, at))
    elif outcome.kind == "return" and not 200 <= (outcome.status or 0) < 300:
        diff = _bypass(known, route, at)
        status = outcome.status
        yield NGINX_RETURN(
            None, directive=at.text, place=at.place, status=status, makes=made(status), path=path, diff=diff
        )
    elif outcome.kind == "static" and not _rescued(route) and not _holes(known, route):
        tries = next((found for found in reversed(route.rewrites) if found.name == "try_files"), None)
        at, case, made_of = (at, "location", [403, 404, 405]) if tries is None else (tries, "try-files", [404, 405])
        yield NGINX_STATIC(
            None, directive=at.text, place=at.place, path=path, case=case, file=route.path, makes=made_of
        )


def _redirected(at: Directive, status: int | None, target: str | None, path: str, edit: str) -> Finding:
    return NGINX_REDIRECT(
        None,
        directive=at.text,
        place=at.place,
        status=status,
        makes=made(status),
        target=target,
        path=path,
        diff=edit,
    )


def _exact(known: Facts, location: Directive) -> str:
    """A location for the path without the slash, with all that the one with the slash has."""
    if known.route is None or any(location.all("location")):  # an exact location can hold no other
        return ""
    source = known.source(location)
    exact = f"location = {quoted(known.route.path)} {{{source[location.end : location.close]}}}"
    return _helps(known, put_before(location, exact, source))


def _bypass(known: Facts, route: Route, at: Directive) -> str:
    """The edit that lets the callback's path by: where it can, the directive still sees all the rest of the site.

    "" when the push would then find no application either: no edit of this line alone helps.
    """
    if at.block is not None:
        return ""
    source = known.source(at)
    edit = comment_out(at, source)
    if at in (route.choice.server.block.block or ()) and _PLAIN.fullmatch(route.path):
        edit = rewrite(at, f"if ($uri != {route.path}) {{ {source[at.start : at.end]} }}")
    return _helps(known, edit)


def _helps(known: Facts, edit: Edit) -> str:
    """The edit as a diff when the push's way through the configuration changed by it leads to an application."""
    changed = {edit.file: apply([edit], known.config.files.get(edit.file, ""))}
    config = nginx.load(known.observation.conf.path, nginx.fetch_from({**known.config.files, **changed}))
    after = route_of(config, known.ctx)
    return known.diff(edit) if after is not None and after.outcome.kind in ("pass", "handler") else ""


def _inside(known: Facts, location: Directive | None, text: str) -> Edit | None:
    return None if location is None else put_first(location, text, known.source(location))


def _rescued(route: Route) -> bool:
    """`error_page 405 =200 …` or 404 to a named location, an old way to let files answer a POST; `403 = @app`, too. A
    page for people (`error_page 404 /404.html`) is none."""
    leading = (page for page in route.inherited("error_page") if _leads_on(page))
    pages = (set(page.args[:-1]) for page in leading)
    return error_page(route.chain, 401, 403) is not None or any({"404", "405"} & codes for codes in pages)


def _holes(known: Facts, route: Route) -> bool:
    """Whether something is not here that passes the push on as well as not: the server around some locations; a file
    included by the very location, or anywhere in the server when no location takes the path, or it ends in a script.

    What a location that was read does with the path is plain: that a file beside it has a better one is only possible.
    """
    http, server, *inside = route.chain
    if known.config.fragment == "location" and route.location is None:
        return True
    levels = [http] if not route.choice.by_name else []
    levels += [server, *inside] if route.location is None or route.path.endswith(SCRIPTS) else inside
    return any(include.args and leads_on(include.args[0]) for level in levels for include in level.all("include"))


def _leads_on(page: Directive) -> bool:
    """Whether an error_page gives another answer than a page of the same status."""
    target = page.args[-1].partition("?")[0] if page.args else ""
    return any(arg.startswith("=") for arg in page.args) or target.startswith("@") or target.endswith(".php")


# --- error pages ---


def _error_pages(known: Facts, route: Route) -> Iterable[Finding]:
    """error_page to another site answers 302; one with `=200` hides a failure behind a page that is no reply."""
    for directive in route.inherited("error_page"):
        if len(directive.args) < 2:
            continue
        *codes, target = directive.args
        shown = next((code for code in codes if code.startswith("=")), None)
        statuses = [code for code in codes if code.isdecimal()]
        if not {"500", "502", "503", "504"} & set(statuses):
            continue
        if target.startswith(("http://", "https://")) or shown == "=200":
            becomes = whole(shown[1:]) or 302 if shown else 302
            yield NGINX_ERROR_PAGE(
                None,
                directive=directive.text,
                place=directive.place,
                statuses=statuses,
                target=target,
                shown=becomes,
                makes=[becomes],
                diff=known.diff(comment_out(directive, known.source(directive))),
            )
