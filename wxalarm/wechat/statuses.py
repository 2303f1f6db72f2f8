"""HTTP statuses and libcurl's numbers by what is to be said of them: the one home of the keys of [words.http_status]
and [words.curl] in the catalogues."""

from __future__ import annotations

# fmt: off
_REGISTERED = frozenset({
    201, 202, 204, 206, 304,
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 413, 414, 415, 418, 421, 422, 426, 429, 431, 451,
    500, 501, 502, 503, 504, 505, 507, 511,
})
UNREGISTERED = frozenset({
    419, 440, 444, 460, 494, 495, 496, 497, 499, 508, 509, 514, 520, 521, 522, 523, 524, 525, 526, 530, 599, 999,
})
# fmt: on
"""In no registry of IANA, but each somebody's own."""
EXPLAINED = _REGISTERED | UNREGISTERED
"""Statuses with a sentence of their own; of every other, its class is what can be said honestly."""
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
OTHER = "other"
"""No number of an HTTP status (RFC 9110, 15: 100 to 599)."""


OF_SERVER = {404: "404-server", 403: "403-server", 503: "503-server"}
"""Those that mean something else when the server in front said them by itself."""
OF_SOME = {405: "405-some", 444: "444-some"}
"""Those that mean something else when other pushes of the same minutes were answered well."""


BY_PAGE = "page"
"""A status that came with the page of somebody in front of the server."""


def status_case(status: int) -> str:
    """What is to be said of a status: its own number, its class, or that it is none."""
    if status in EXPLAINED:
        return str(status)
    return CLASSES[status // 100 - 1] if 100 <= status < 600 else OTHER


CURL = frozenset({6, 7, 28, 35, 47, 51, 52, 55, 56, 60})
"""Numbers of libcurl with a sentence of their own: those with which a push can end (libcurl-errors(3))."""


def curl_case(number: int) -> int | str:
    """What is to be said of a number of libcurl: its own, or that it is another."""
    return number if number in CURL else OTHER
