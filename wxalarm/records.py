"""Alarms as plain data, mapped by hand: the schema wxalarm.alarms/1 is a promise. And JSON that a terminal may show.

Fixtures hold these records, and renderers print them: neither needs the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from wxalarm.model import Alarm, Location, Sample

_NO_SAMPLE = Sample()


def alarm_record(alarm: Alarm) -> dict[str, Any]:
    """An alarm with the fields of `Alarm`, by those names."""
    return {
        "kind": str(alarm.kind),
        "appid": alarm.appid,
        "nickname": alarm.nickname,
        "first_seen": alarm.first_seen.isoformat() if alarm.first_seen else None,
        "description": alarm.description,
        "window_minutes": alarm.window_minutes,
        "count": alarm.count,
        "sample": None if alarm.sample == _NO_SAMPLE else sample_record(alarm.sample),
        "guide_url": alarm.guide_url,
        "location": location_record(alarm.location),
    }


def sample_record(sample: Sample) -> dict[str, Any]:
    """A sample with the fields of `Sample`, by those names."""
    return {
        "openid": sample.openid,
        "stamp": sample.stamp,
        "outer_ip": sample.outer_ip,
        "url": sample.url,
        "ip": sample.ip,
        "host": sample.host,
        "msg_type": sample.msg_type,
        "msg": sample.msg,
        "event": sample.event,
        "http_code": sample.http_code,
        "curl_error": sample.curl_error,
        "decrypt_failed": sample.decrypt_failed,
        "response_length": sample.response_length,
        "response_content": sample.response_content,
        "response_truncated": sample.response_truncated,
        "platform": sample.platform,
        "transaction_id": sample.transaction_id,
        "extra": dict(sample.extra),
    }


def location_record(location: Location | None) -> dict[str, Any] | None:
    """A location by its fields, or None."""
    if location is None:
        return None
    return {
        "path": location.path,
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
    }


def dump(value: Any) -> str:
    """JSON for people and programs; what must not reach a terminal is escaped."""
    return escape(json.dumps(value, ensure_ascii=False, indent=1, default=_plain)) + "\n"


# What json leaves as it is and a terminal acts on or an encoder refuses: DEL, C1, bidirectional controls, surrogates.
_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def escape(text: str) -> str:
    r"""JSON text with every character spelled out (\\u009b) that must not reach a terminal or cannot be encoded."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: Any) -> Any:
    """Observations as what JSON can hold."""
    return msgspec.to_builtins(value)


def _plain(value: Any) -> Any:
    """json's last resort for evidence: enums, tuples of dataclasses, datetimes."""
    return dict(value) if isinstance(value, Mapping) else plain(value)
