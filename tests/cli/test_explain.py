"""`wxalarm explain`: several names at once, texts on stdin, what is not known."""

from __future__ import annotations

import pytest

from tests.cli_support import wxalarm


def test_several_names_at_once_and_what_is_unknown_is_named_apart() -> None:
    done = wxalarm("explain", "40164", "OuterIP", "tcp-refused", "-40001", "nonsense", "--lang", "en")
    out = done.stdout.decode()
    assert [
        out.count(name) for name in ("40164 (errcode", "OuterIP (label", "tcp-refused (error)", "-40001 (return")
    ] == [*(1, 1, 1, 1)]
    assert done.returncode == 2
    assert done.stderr.decode().startswith("nonsense: no code, check, rule")


def test_words_of_one_name_need_no_quotes() -> None:
    done = wxalarm("explain", "Template", "Send", "Job", "Finish")
    assert done.returncode == 0
    assert done.stdout.startswith(b"Template Send Job Finish (")


def test_a_log_on_stdin_is_explained() -> None:
    for arguments in ((), ("-",)):
        done = wxalarm("explain", *arguments, "--lang", "en", stdin=b"a\nerrcode: 45009 api freq out of limit\n")
        assert done.returncode == 0
        assert done.stdout.startswith(b"line 2: 45009\n45009 (errcode")


def test_without_names_and_input_all_names_are_listed() -> None:
    done = wxalarm("explain", stdin=b"")
    names = done.stdout.decode().splitlines()
    assert {"dns-failure", "tcp-refused", "40164", "OuterIP", "-40007", "SYSTEMERROR"} <= set(names)
    assert len(names) == len(set(names)) > 600


def test_a_text_with_nothing_to_explain_is_2() -> None:
    done = wxalarm("explain", "-", "--lang", "en", stdin=b"all is well\n")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Nothing that can be explained" in done.stderr
    assert wxalarm("explain", "-", stdin=b"").returncode == 2


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        (b"40164\n", "40164 (errcode", 0),
        (b" tcp-refused \n", "tcp-refused", 0),
        (b"invalid ip 192.0.2.1, not in whitelist\n", "40164 (errcode", 0),
        (b"invalid ip 192.0.2.1 ipv6 ::ffff:192.0.2.1, not in whitelist rid: 0-0\n", "40164 (errcode", 0),
        (b"api unauthorized rid: 0-0", "48001 (errcode", 0),
        (b"40013\nno name of anything\n", "40013 (errcode", 2),
        (b"40164\n" * 21, "", 2),
    ],
)
def test_what_somebody_copied_is_explained_line_by_line(text: bytes, name: str, code: int) -> None:
    done = wxalarm("explain", "--lang", "en", stdin=text)
    assert done.returncode == code
    assert done.stdout.decode().startswith(name)
    assert bool(done.stderr) == bool(code)


def test_a_list_of_names_on_stdin_is_read_line_by_line() -> None:
    text = "看不懂的麻烦解释下\n61004\n-40001\n[cURL Error=60]\nEvent=Component Ticket\n499\n"
    done = wxalarm("explain", "--lang", "en", stdin=text.encode())
    for name in (
        b"61004 (errcode",
        b"-40001 (return code",
        b"60 (cURL number)",
        b"Component Ticket (push",
        b"499 (HTTP",
    ):
        assert name in done.stdout
    assert "看不懂的麻烦解释下".encode() in done.stderr
    log = "2026-03-12 22:58:00 order 61004 sent\n2026-03-12 22:58:00 upstream timed out (110)\n"
    assert b"61004" not in wxalarm("explain", "--lang", "en", stdin=log.encode()).stdout


def test_an_address_in_a_log_stands_in_the_meaning() -> None:
    said = b'{"errcode":40164,"errmsg":"invalid ip 192.0.2.1 ipv6 ::ffff:192.0.2.1, not in whitelist rid: 0-0"}'
    log = b"2024-12-25 x\n" + said
    out = wxalarm("explain", "--lang", "en", stdin=log).stdout.decode()
    assert "invalid ip 192.0.2.1 ipv6 ::ffff:192.0.2.1, not in whitelist" in out
    assert "<IP>" not in out
    without = wxalarm(
        "explain", "--lang", "en", stdin=b'x\n{"errcode":40164,"errmsg":"invalid ip **, not"}\n'
    ).stdout.decode()
    assert "invalid ip <IP>" in without
