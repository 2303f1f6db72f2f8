"""A platform's message URL: $APPID$ in it stands for the appid of the account that a push is about. Sans-IO.

第三方平台, 消息与事件接收URL. The place may be written percent-encoded, and an alarm may print the appid masked.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from wxalarm.wechat.limits import APPID, APPID_PLACE, PORTS

_PLACES = (APPID_PLACE, quote(APPID_PLACE))


def has_place(url: str) -> bool:
    """Whether $APPID$ stands in the URL."""
    return any(place in url for place in _PLACES)


def filled(url: str, appid: str) -> str:
    """The URL with the appid in place of $APPID$."""
    for place in _PLACES:
        url = url.replace(place, appid)
    return url


def same_place(known: str, url: str, appid: str | None = None) -> bool:
    """Whether a URL, as an alarm prints it, leads where a configured one does: to the same host, port and path; of the
    query only what holds $APPID$ counts, since WeChat appends its own. $APPID$ is met by the appid, when it is known
    whole, else by any word of the looks of one; or by itself, where WeChat prints the URL as it is configured."""
    one, two = _parts(known), _parts(url)
    if one is None or two is None or one[:2] != two[:2] or len(one[2]) != len(two[2]):
        return False
    pairs = dict(two[3])
    queries = ((value, pairs.get(name, value)) for name, value in one[3] if has_place(value))
    return all(_met(wanted, found, appid) for wanted, found in (*zip(one[2], two[2], strict=True), *queries))


def same_host(known: str, url: str) -> bool:
    """Whether two URLs lead to the same host and port."""
    one, two = _parts(known), _parts(url)
    return one is not None and two is not None and one[:2] == two[:2]


def host_of(url: str) -> str | None:
    """The host of a URL as `same_place` compares it; None when it has none."""
    parts = _parts(url)
    return None if parts is None else parts[0]


def _parts(url: str) -> tuple[str, int | None, list[str], list[tuple[str, str]]] | None:
    """(host, port unless WeChat pushes to it, segments of the path, pairs of the query); None when it is no URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    segments = [unquote(segment) for segment in parts.path.rstrip("/").split("/")[1:]]
    port = None if port in PORTS.values() else port
    return parts.hostname, port, segments, parse_qsl(parts.query, keep_blank_values=True)


def _met(wanted: str, found: str, appid: str | None) -> bool:
    """Whether a segment or a value is what the configured one stands for."""
    before, place, behind = wanted.partition(APPID_PLACE)
    if not place or wanted == found:
        return wanted == found
    word = found[len(before) : len(found) - len(behind)]
    if found != f"{before}{word}{behind}" or not _like_an_appid(word):
        return False
    return not appid or "*" in appid + word or word.lower() == appid.lower()


def _like_an_appid(word: str) -> bool:
    """An appid, or what is left of one that somebody masked."""
    masked = word[:2].lower() == "wx" and "*" in word
    return masked or re.fullmatch(APPID, word.lower()) is not None
