"""RDAP and WHOIS over real servers on loopback, what is read out of them, and the cache."""

from __future__ import annotations

import json
import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import clock
from wxalarm.lab.dns import Fault, serve
from wxalarm.lab.registry import serve_rdap, serve_whois
from wxalarm.probes import registration
from wxalarm.probes.registration import Unknown, look_up, read_rdap, read_whois, registrable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOMAIN: dict[str, Any] = {
    "objectClassName": "domain",
    "ldhName": "SHOP.EXAMPLE.COM",
    "status": ["client hold", "client transfer prohibited"],
    "events": [
        {"eventAction": "registration", "eventDate": "2010-01-01T00:00:00Z"},
        {"eventAction": "expiration", "eventDate": "2027-03-04T05:06:07Z"},
    ],
    "entities": [
        {"roles": ["abuse"], "vcardArray": ["vcard", [["fn", {}, "text", "Abuse Desk"]]]},
        {
            "roles": ["registrar"],
            "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "R"]]],
        },
    ],
}
CN = """Domain Name: shop.example.cn
ROID: 20100101s10001s00000000-cn
Domain Status: serverHold
Registrant: Example
Sponsoring Registrar: Example Registrar Ltd.
Name Server: ns1.example.cn
Registration Time: 2010-01-01 08:00:00
Expiration Time: 2026-03-04 07:00:00
DNSSEC: unsigned
"""
COM = """   Domain Name: SHOP.EXAMPLE.COM\r
   Registrar: Example Registrar, Inc.\r
   Registry Expiry Date: 2026-05-06T07:08:09Z\r
   Domain Status: clientTransferProhibited https://icann.org/epp#clientTransferProhibited\r
   Domain Status: redemptionPeriod https://icann.org/epp#redemptionPeriod\r
>>> Last update of whois database: 2026-01-01T00:00:00Z <<<\r
"""


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("wx.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.b.wx.example.com.", "example.com"),
        ("wx.example.com.cn", "example.com.cn"),
        ("wx.example.gd.cn", "example.gd.cn"),
        ("wx.example.cn", "example.cn"),
        ("wx.example.co.uk", "example.co.uk"),
        ("com.cn", None),
        ("com", None),
        ("wx.test", None),
        ("wx.internal", None),
        ("192.0.2.1", None),
        ("a..com", None),
    ],
)
def test_registrable(host: str, domain: str | None) -> None:
    assert registrable(host) == domain


def test_rdap() -> None:
    async def main() -> tuple[registration.Registration, list[str]]:
        asked: list[str] = []
        async with serve_rdap(DOMAIN, asked=asked) as base:
            return await look_up("shop.example.com", (), rdap=base), asked

    found, asked = clock.run(main())
    assert asked == ["/rdap/domain/shop.example.com"]
    assert found.expires == datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert found.statuses == ("clienthold", "clienttransferprohibited")
    assert (found.source, found.registrar, found.found) == ("rdap", "R", True)


def test_rdap_knows_no_such_domain() -> None:
    async def main() -> registration.Registration:
        async with serve_rdap(None) as base:
            return await look_up("shop.example.com", (), rdap=base)

    assert clock.run(main()).found is False


def test_whois_after_rdap_failed() -> None:
    async def main() -> tuple[registration.Registration, list[str]]:
        asked: list[str] = []
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            async with serve_whois(COM, asked=asked) as place:
                base = f"http://127.0.0.1:{closed.getsockname()[1]}/"
                return await look_up("shop.example.com", (), rdap=base, whois=place), asked

    found, asked = clock.run(main())
    assert asked == ["shop.example.com"]
    assert found.source == "whois"
    assert found.expires == datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert found.statuses == ("clienttransferprohibited", "redemptionperiod")
    assert found.registrar == "Example Registrar, Inc."


def test_china_writes_its_own_time() -> None:
    found = read_whois(CN, "shop.example.cn", "whois.cnnic.cn", NOW)
    assert found.expires == datetime(2026, 3, 3, 23, tzinfo=UTC)
    assert (found.statuses, found.registrar) == (("serverhold",), "Example Registrar Ltd.")


@pytest.mark.parametrize("text", ["No matching record.\n", 'No match for domain "SHOP.EXAMPLE.COM".\n', "NOT FOUND\n"])
def test_whois_knows_no_such_domain(text: str) -> None:
    assert read_whois(text, "shop.example.com", "w", NOW).found is False


@pytest.mark.parametrize("text", ["", "Queried interval is too short.\n", "%%\n" * 10])
def test_a_useless_answer_is_no_answer(text: str) -> None:
    with pytest.raises(Unknown):
        read_whois(text, "shop.example.com", "w", NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"[" * 5000, b'{"ldhName": "other.example.com"}', b"\xff"])
def test_rdap_that_is_none(body: bytes) -> None:
    with pytest.raises(Unknown):
        read_rdap(body, "shop.example.com", "r", NOW)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda c: st.lists(c, max_size=4), max_leaves=10
)


@settings(max_examples=150, deadline=None)
@given(json_like, json_like, json_like)
def test_rdap_of_any_shape_is_read_or_refused(events: Any, status: Any, entities: Any) -> None:
    body = json.dumps({"events": events, "status": status, "entities": entities, "vcardArray": events}).encode()
    assert read_rdap(body, "shop.example.com", "r", NOW).domain == "shop.example.com"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
def test_whois_of_any_text_is_read_or_refused(text: str) -> None:
    assert read_whois(text + "\nstatus: ok\n", "shop.example.com", "w", NOW).found


def test_registries_are_found_by_our_own_resolvers_and_only_on_permitted_addresses() -> None:
    async def main() -> tuple[registration.Registration, str]:
        async with serve_whois(COM) as place, serve("whois.example.net. 60 IN A 127.0.0.1\n") as server:
            resolvers = (_server(server),)
            port = place.partition(":")[2]
            found = await look_up("shop.example.top", resolvers, whois=f"whois.example.net:{port}")
            try:
                await look_up(
                    "shop.example.top", resolvers, whois=f"whois.example.net:{port}", permitted=lambda address: False
                )
            except Unknown as unknown:
                return found, str(unknown)
            return found, ""

    found, refused = clock.run(main())
    assert found.source == "whois"
    assert refused == "whois.example.net: no address"


def _server(running: Any) -> Any:
    from wxalarm.probes.dns import Server

    return Server(running.address, running.port)


def test_a_silent_registry_is_given_up() -> None:
    async def main(place: str) -> None:
        with pytest.raises(Unknown):
            await look_up("shop.example.com", (), rdap=f"http://{place}/", whois=place, limit=0.4)

    with socket.socket() as silent:  # the system takes the connections, nobody reads
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        _, seconds = clock.timed(main(f"127.0.0.1:{silent.getsockname()[1]}"))
    assert seconds == pytest.approx(0.8)


def test_the_cache_is_private_and_ends(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    kept = read_rdap(json.dumps(DOMAIN).encode(), "shop.example.com", "r", NOW)
    registration.remember(folder, kept)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    again = registration.remembered(folder, "shop.example.com", NOW + timedelta(hours=23))
    assert again is not None
    assert again.cached
    assert (again.expires, again.asked) == (kept.expires, NOW)
    assert registration.remembered(folder, "shop.example.com", NOW + timedelta(hours=25)) is None
    assert registration.remembered(folder, "shop.example.com", NOW - timedelta(hours=1)) is None
    assert registration.remembered(folder, "other.example.com", NOW) is None
    file.write_bytes(b'{"domain": 1')
    assert registration.remembered(folder, "shop.example.com", NOW) is None


def test_a_folder_that_cannot_be_written_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = read_rdap(json.dumps(DOMAIN).encode(), "shop.example.com", "r", NOW)
    registration.remember(tmp_path / "file" / "below", kept)
    assert registration.remembered(tmp_path / "file" / "below", "shop.example.com", NOW) is None


def test_a_silent_resolver_does_not_hold_it_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with serve(faults={"*": Fault.SILENT}) as server:
            with pytest.raises(Unknown):
                await look_up("shop.example.com", (_server(server),), limit=0.4)

    _, seconds = clock.timed(main())
    assert seconds == pytest.approx(0.8)
