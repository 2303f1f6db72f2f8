"""What is kept of an error log: trouble by kind, apart from that of other requests and of strangers' connections."""

from __future__ import annotations

from tests.checks.logs.support import OPENID, START, joined
from tests.logs.made import Made
from tests.logs.test_errors import error_line
from wxalarm.logs.access import Push
from wxalarm.logs.error_search import ErrorSearch
from wxalarm.logs.errors import ErrorLines

REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
TLS = error_line("SSL_do_handshake() failed (SSL: error) while SSL handshaking").split(b", server")[0]


def searched(*lines: bytes, path: str | None = "/callback", senders: tuple[str, ...] = ()) -> ErrorSearch:
    search = ErrorSearch(Push(OPENID, START, path), senders, START - 60, START + 360)
    search.window(ErrorLines(8 * 3600), Made(), 100, b"\n" + joined(lines))
    return search


def test_the_line_shown_is_the_alarms_own_else_the_first() -> None:
    first, own = error_line(REFUSED, START), error_line(REFUSED, START + 1, openid=OPENID)
    (group,) = searched(first, own, error_line(REFUSED, START + 2)).groups
    assert (group.kind, group.count, group.own, group.first, group.last) == ("refused", 3, 1, START, START + 2)
    assert group.place == f"made.log@{100 + len(first) + 1}"
    (group,) = searched(first, error_line(REFUSED, START + 2)).groups
    assert group.place == "made.log@100"


def test_what_is_outside_the_window_or_of_another_path_is_not_ours() -> None:
    search = searched(error_line(REFUSED, START - 61), error_line(REFUSED, path="/shop"), error_line(REFUSED))
    assert [group.count for group in search.groups] == [1]
    assert search.others == {"refused": 1}
    assert search.lines == 2
    assert searched(error_line(REFUSED, path="/shop"), path=None).others == {}


def test_a_strangers_connection_is_no_pushs_when_wechats_addresses_are_known() -> None:
    stranger = TLS.replace(b"203.0.113.7", b"198.51.100.9")
    assert [group.count for group in searched(TLS, stranger).groups] == [2]
    search = searched(TLS, stranger, senders=("203.0.113.7",))
    assert ([group.count for group in search.groups], search.others) == ([1], {"tls": 1})
