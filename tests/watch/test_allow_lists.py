"""Allow lists that have drifted from WeChat's."""

from __future__ import annotations

import pytest

from wxalarm.watch.allow_lists import Drift, changed, drift, networks

LISTED = ["203.0.113.7", "203.0.113.8", "198.51.100.0/25"]
NGINX = """location /callback {
    allow 203.0.113.7;
    allow 203.0.113.8;  # wechat
    allow 198.51.100.0/24;
    deny all;
}
geo $wechat { default 0; 192.0.2.9 1; }
"""
IPTABLES = """*filter
:INPUT DROP [0:0]
-A INPUT -s 203.0.113.7/32 -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -s 203.0.113.8/32 -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -s 198.51.100.0/25 -p tcp -j ACCEPT
-A INPUT -s 192.0.2.66/32 -j DROP
COMMIT
"""
NFT = """table inet filter {
    set wechat { type ipv4_addr; flags interval
        elements = { 203.0.113.7, 203.0.113.8, 198.51.100.0/25 } }
    chain input { type filter hook input priority 0; policy drop; ip saddr @wechat tcp dport 443 accept }
}
"""
CLOUD = """{"IpPermissions": [{"IpRanges": [{"CidrIp": "203.0.113.7/32"},
 {"CidrIp": "203.0.113.8/32"},
 {"CidrIp": "198.51.100.0/25"}]}]}"""
LISTS = {"nginx": NGINX, "iptables": IPTABLES, "nft": NFT, "cloud": CLOUD}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_right_is_right(name: str) -> None:
    assert drift(LISTED, LISTED, {name: LISTS[name]}, [name]) == []


@pytest.mark.parametrize("name", LISTS)
def test_what_a_list_lacks_is_named(name: str) -> None:
    (found,) = drift([*LISTED, "192.0.2.200", "2001:db8::7"], LISTED, {name: LISTS[name]}, [])
    assert found == Drift(name, ("192.0.2.200/32", "2001:db8::7/128"), ())


@pytest.mark.parametrize(("name", "line"), [("nginx", 3), ("iptables", 4), ("cloud", 2), ("nft", 3)])
def test_what_wechat_names_no_more_is_named_with_its_line(name: str, line: int) -> None:
    (found,) = drift(["203.0.113.7", "198.51.100.0/25"], LISTED, {name: LISTS[name]}, [])
    assert (found.missing, found.gone) == ((), ((line, found.gone[0][1]),))
    assert found.gone[0][1].startswith("203.0.113.8")


def test_a_list_about_something_else_is_left_alone_unless_it_is_named() -> None:
    office = {"office": "allow 192.0.2.1;\ndeny all;\n"}
    assert drift(LISTED, LISTED, office, []) == []
    assert [one.place for one in drift(LISTED, LISTED, office, ["office"])] == ["office"]


def test_what_refuses_lets_nobody_in() -> None:
    text = "deny 203.0.113.7;\nallow 127.0.0.1;\n# allow 203.0.113.8;\nallow 10.0.0.0/8;\nversion 1.2.3.4.5\n"
    assert [str(network) for _, network in networks(text)] == ["10.0.0.0/8"]


def test_a_list_that_lets_everybody_in_lacks_nothing() -> None:
    assert drift(LISTED, LISTED, {"all": "allow 0.0.0.0/0;\n"}, ["all"]) == []


def test_new_and_gone() -> None:
    assert changed(["a", "c"], ["a", "b"]) == (["c"], ["b"])
