"""Answers of WeChat's server API as values: only what a diagnosis needs, bounded, no token, no URL. Sans-IO.

Source: the API pages 获取微信推送服务器IP, 网络检测, 接口分析, 查询 API 调用额度, 查询 rid 信息.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

OPERATORS = ("DEFAULT", "CHINANET", "UNICOM", "CAP")
"""check_operator of callback/check: automatic, 电信, 联通, Tencent's own."""
MOST_OBJECTS = 64
MOST = 500
"""Rows or addresses that are looked at."""


class Ping(Struct, frozen=True):
    """One ping of WeChat's to one address of the callback."""

    ip: str
    operator: str
    lost: bool
    milliseconds: float | None = None


class CallbackCheck(Struct, frozen=True):
    """What callback/check says for one operator."""

    operator: str
    ips: tuple[str, ...] | None
    """What WeChat resolves the callback's host to; None when DNS was not asked for."""
    pings: tuple[Ping, ...] = ()


class Hour(Struct, frozen=True):
    """WeChat's count of the pushes of one hour (or of a day). Times in milliseconds."""

    hour: int
    """0 to 23."""
    pushes: int
    failures: int
    total: int
    longest: int


class Quota(Struct, frozen=True):
    """Calls of one API on this day."""

    limit: int
    used: int


class Traced(Struct, frozen=True):
    """What rid/get says of a failed call."""

    rid: str
    client_ip: str
    milliseconds: int


def object_of(body: bytes) -> dict[str, Any] | None:
    """A JSON object; None when it is none, or nested beyond reason."""
    try:
        data = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def ips_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """ip_list of getcallbackip and get_api_domain_ip: addresses and networks."""
    listed = data.get("ip_list")
    return tuple(_text(item) for item in listed[:MOST]) if isinstance(listed, list) else ()


def check_of(data: Mapping[str, Any], operator: str = "") -> CallbackCheck | None:
    """An answer of callback/check; None when it is none."""
    resolved, pinged = data.get("dns"), data.get("ping")
    if not isinstance(resolved, list) and not isinstance(pinged, list):
        return None
    pings = tuple(_ping(row) for row in _rows(pinged))
    ips = tuple(dict.fromkeys(_text(row.get("ip")) for row in _rows(resolved)))
    operator = operator or next((ping.operator for ping in pings), "DEFAULT")
    return CallbackCheck(operator, ips if isinstance(resolved, list) else None, pings)


def pasted_checks(text: bytes) -> tuple[CallbackCheck, ...]:
    """Every answer of callback/check in a pasted text."""
    found = (check_of(data) for data in objects_in(text))
    return tuple(check for check in found if check is not None)


def objects_in(text: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects in a pasted text, one after the other, with anything between them."""
    decoder = json.JSONDecoder()
    words = text.decode("utf-8", "replace")
    place = words.find("{")
    for _ in range(MOST_OBJECTS):
        if place < 0:
            return
        try:
            data, end = decoder.raw_decode(words, place)
        except (ValueError, RecursionError):
            data, end = None, place + 1
        if isinstance(data, dict):
            yield data
        place = words.find("{", end)


def hours_of(data: Mapping[str, Any]) -> tuple[Hour, ...]:
    """Rows of getinterfacesummaryhour. ref_hour is documented as 0; its sisters count 000 to 2300."""
    return tuple(
        Hour(
            hour // 100 if (hour := _number(row.get("ref_hour"))) > 23 else hour,
            _number(row.get("callback_count")),
            _number(row.get("fail_count")),
            _number(row.get("total_time_cost")),
            _number(row.get("max_time_cost")),
        )
        for row in _rows(data.get("list"))
    )


def quota_of(data: Mapping[str, Any]) -> Quota | None:
    """quota of openapi/quota/get; None when it is missing."""
    quota = data.get("quota")
    if not isinstance(quota, dict) or "daily_limit" not in quota:
        return None
    return Quota(_number(quota.get("daily_limit")), _number(quota.get("used")))


def traced_of(data: Mapping[str, Any], rid: str) -> Traced | None:
    """request of openapi/rid/get, without its URL and bodies: they repeat the token."""
    request = data.get("request")
    if not isinstance(request, dict):
        return None
    return Traced(rid, _text(request.get("client_ip")), _number(request.get("cost_in_ms")))


def _ping(row: Mapping[str, Any]) -> Ping:
    lost = _text(row.get("package_loss")).strip().rstrip("%") not in ("0", "0.0")
    return Ping(_text(row.get("ip")), _text(row.get("from_operator")), lost, _milliseconds(row.get("time")))


def _milliseconds(value: Any) -> float | None:
    """ "23.079ms" → 23.079."""
    try:
        return float(_text(value).strip().removesuffix("ms"))
    except ValueError:
        return None


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    rows: Iterable[Any] = value[:MOST] if isinstance(value, list) else ()
    yield from (row for row in rows if isinstance(row, dict))


def _text(value: Any) -> str:
    return value[:80] if isinstance(value, str) else ""


def _number(value: Any) -> int:
    """Numbers, also as text; anything else is 0."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value if abs(value) < 1 << 62 else 0
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 18 else 0
