"""Answers of WeChat's server API: as documented, and as anything at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxalarm.wechat import api

CHECK = {
    "dns": [{"ip": "192.0.2.40", "real_operator": "UNICOM"}, {"ip": "192.0.2.48", "real_operator": "UNICOM"}],
    "ping": [
        {"ip": "192.0.2.40", "from_operator": "UNICOM", "package_loss": "0%", "time": "23.079ms"},
        {"ip": "192.0.2.48", "from_operator": "UNICOM", "package_loss": "100%"},
    ],
}


def test_an_answer_of_callback_check() -> None:
    pings = (api.Ping("192.0.2.40", "UNICOM", False, 23.079), api.Ping("192.0.2.48", "UNICOM", True))
    assert api.check_of(CHECK) == api.CallbackCheck("UNICOM", ("192.0.2.40", "192.0.2.48"), pings)
    assert api.check_of({"dns": []}, "CAP") == api.CallbackCheck("CAP", ())
    assert api.check_of({"ping": CHECK["ping"]}) == api.CallbackCheck("UNICOM", None, pings)
    assert api.check_of({"errcode": 40201}) is None


def test_several_answers_in_a_pasted_text() -> None:
    text = f"$ curl …\n{json.dumps(CHECK)}\n{{not json}} {{}}\n{json.dumps(CHECK, indent=1)}"
    assert len(api.pasted_checks(text.encode())) == 2


@pytest.mark.parametrize(("printed", "hour"), [(0, 0), (100, 1), (2300, 23), (23, 23), ("2000", 20)])
def test_hours_are_counted_in_hundreds_or_not(printed: int | str, hour: int) -> None:
    row = {"ref_hour": printed, "callback_count": 7, "fail_count": 1, "total_time_cost": 70, "max_time_cost": 20}
    assert api.hours_of({"list": [row]}) == (api.Hour(hour, 7, 1, 70, 20),)


def test_what_repeats_a_token_is_left_out() -> None:
    request = {
        "client_ip": "192.0.2.1",
        "cost_in_ms": 30,
        "request_url": "access_token=SECRET",
        "request_body": "SECRET",
    }
    assert "SECRET" not in repr(api.traced_of({"request": request}, "r"))


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b"\xff{}", b'{"a":' * 100_000, b"[" * 100_000])
def test_what_is_no_object(body: bytes) -> None:
    assert api.object_of(body) is None


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ROW = st.dictionaries(
    st.sampled_from(["ip", "real_operator", "from_operator", "package_loss", "time", "ref_hour", "fail_count", "used"]),
    ANY,
)
NAMES = st.sampled_from(["ip_list", "dns", "ping", "list", "quota", "request", "errcode"])


@given(st.dictionaries(NAMES, st.lists(ROW | ANY, max_size=4) | ROW | ANY))
def test_any_object_is_read_or_left_out(data: dict[str, Any]) -> None:
    api.ips_of(data), api.check_of(data), api.hours_of(data), api.quota_of(data), api.traced_of(data, "r")


@given(st.binary(max_size=300))
def test_any_paste_is_read_or_left_out(text: bytes) -> None:
    api.pasted_checks(text)
