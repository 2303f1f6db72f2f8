"""A callback URL split into what a probe needs."""

from __future__ import annotations

from urllib.parse import urlsplit

from wxalarm.model import Target
from wxalarm.wechat.limits import PORTS


def split_url(url: str) -> Target:
    """A URL as a target. Userinfo is dropped: credentials in a URL are neither sent nor shown. A bad port gives the
    default one."""
    url = without_userinfo(url)
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:  # "http://[::1" and the like
        return Target(url=url)
    scheme = "https" if parts.scheme.lower() == "https" else "http"
    try:
        port = parts.port
    except ValueError:
        port = None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url, scheme, _ascii(host), port or PORTS[scheme], path)


def _ascii(host: str | None) -> str | None:
    """The A-label form of a name (RFC 5891); the name as it is when it is not a legal one: dns-name-invalid says so."""
    if host is None or host.isascii():
        return host.lower() if host else None
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host


def without_userinfo(url: str) -> str:
    """The URL without "user:password@" in front of its host."""
    scheme, found, rest = url.partition("://")
    ends = [place for place in map(rest.find, "/?#") if place >= 0]
    authority = rest[: min(ends, default=len(rest))]
    return f"{scheme}{found}{authority.rpartition('@')[2]}{rest[len(authority) :]}" if found else url
