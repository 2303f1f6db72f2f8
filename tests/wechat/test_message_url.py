"""$APPID$ in a message URL is met by the alarm's appid, wherever it stands and however it is written."""

from __future__ import annotations

import pytest

from wxalarm.wechat.message_url import filled, has_place, same_host, same_place

APPID = "wx0000000000000001"
OTHER = "wx0000000000000002"
PATH = "https://open.example.com/$APPID$/cb"


@pytest.mark.parametrize(
    ("known", "url"),
    [
        (PATH, f"https://open.example.com/{APPID}/cb"),
        (PATH, f"https://open.example.com/{APPID.upper()}/cb?signature=1&timestamp=2"),
        (PATH, f"HTTP://OPEN.example.com:80/{APPID}/cb/"),
        (PATH, f"https://open.example.com/{APPID.replace('x', '%78')}/cb"),
        (PATH, PATH),
        (PATH, "https://open.example.com/%24APPID%24/cb"),
        (PATH, "https://open.example.com/wx00000000****0001/cb"),
        ("https://open.example.com/%24APPID%24/cb", f"https://open.example.com/{APPID}/cb"),
        ("https://open.example.com/in/$APPID$", f"https://open.example.com/in/{APPID}?openid=1"),
        ("https://open.example.com/in/to-$APPID$.do", f"https://open.example.com/in/to-{APPID}.do"),
        ("https://open.example.com/cb?to=$APPID$", f"https://open.example.com/cb?signature=1&to={APPID}"),
        ("https://open.example.com/cb?to=%24APPID%24", f"https://open.example.com/cb?to={APPID}"),
        ("https://open.example.com/cb?to=$APPID$", "https://open.example.com/cb"),
        ("https://wx.example.com/cb?id=7", "https://wx.example.com/cb?id=7&signature=1"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1:8080/cb"),
    ],
)
def test_an_alarms_url_leads_where_the_configured_one_does(known: str, url: str) -> None:
    assert same_place(known, url, APPID)


@pytest.mark.parametrize(
    ("known", "url"),
    [
        (PATH, f"https://open.example.com/{OTHER}/cb"),
        (PATH, "https://open.example.com/index.php/cb"),
        (PATH, "https://open.example.com//cb"),
        (PATH, f"https://open.example.com/{APPID}/more/cb"),
        (PATH, f"https://open.example.com/{APPID}"),
        (PATH, f"https://other.example.com/{APPID}/cb"),
        ("https://open.example.com/in/to-$APPID$.do", f"https://open.example.com/in/{APPID}.do"),
        ("https://open.example.com/cb?to=$APPID$", f"https://open.example.com/cb?to={OTHER}"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1:8081/cb"),
        ("https://wx.example.com/cb", "/cb"),
        ("https://wx.example.com/cb", "http://[::1"),
        ("https://wx.example.com/cb", "*****"),
    ],
)
def test_another_url_does_not(known: str, url: str) -> None:
    assert not same_place(known, url, APPID)


@pytest.mark.parametrize("appid", [None, "", "wx0000******000001"])
def test_without_a_whole_appid_any_word_of_its_looks_will_do(appid: str | None) -> None:
    assert same_place(PATH, f"https://open.example.com/{APPID}/cb", appid)
    for word in ("login", "wx", "wxcallback"):
        assert not same_place(PATH, f"https://open.example.com/{word}/cb", appid)


def test_the_host_alone_and_the_place_itself() -> None:
    assert same_host(PATH, "http://open.example.com/elsewhere")
    assert not same_host(PATH, "http://open.example.com:8080/elsewhere")
    assert has_place("https://open.example.com/%24APPID%24/cb")
    assert not has_place("https://open.example.com/APPID/cb")
    assert filled("https://open.example.com/%24APPID%24/$APPID$", "a\\1") == "https://open.example.com/a\\1/a\\1"
