"""No input takes longer than its length; what is told apart from a secret; one value, one token."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.growth import assert_linear
from tests.paths import ROOT
from tests.render.redact.corpus import ANYWHERE, SPELLINGS, STRONG
from wxalarm.render.redact import Redactor, leak

HOSTILE = (
    "a=", "X-A: ", "token: ", "Cookie: ", "open(", "a=“", "%25", "%2525", r"\u0061", "&#97;", "<a>", "<a><![CDATA[",
    "eyJ", "name=", "user:", "=a:@", "--a", "1:", "::", "1.", '(,"', '"a":"', "ticket@@@", "57_", "wx0",
    "A" * 76 + "\n", "password ", "Bearer ", "/a1B2c3D4/", '\\"', "$a ", "=3D", "=\n", "\0a", "ip-", "secret-12",
    ",'a'", "define('TOKEN',", "Set-Cookie: a=b; ", "密", "f" * 16 + " ", "://a:b", "a_", "a-", "a.", '{"a":{', "(",
    "mysql a ", "redis-cli ", "identified ", "a[1]",
)  # fmt: skip


@pytest.mark.parametrize("part", HOSTILE)
def test_time_grows_as_the_length_does(part: str) -> None:
    def redacting(size: int) -> Callable[[], object]:
        text = part * (size // len(part))
        return lambda: (Redactor(b"k" * 32).text(text), leak(text))

    assert_linear(redacting, 160_000)


@pytest.mark.parametrize("kind", STRONG)
def test_one_value_has_one_token_in_every_spelling_and_place(kind: str) -> None:
    one = Redactor(b"k" * 32)
    secret = STRONG[kind]
    token = one.text(secret)
    for spelling in (
        "plain",
        "percent-all",
        "percent-twice",
        "json-escapes",
        "html-decimal",
        "html-hex",
        "octets",
        "octal",
    ):
        spell = SPELLINGS[spelling]
        assert one.text(f"x {spell(secret)} y") == f"x {token} y", spelling
    for spelling in ("base64", "base64url", "hex"):
        assert one.text(SPELLINGS[spelling](secret)).strip() == token, spelling
    for place, template in ANYWHERE.items():
        assert token in one.text(template.format(secret)), place
    for named in (
        "token={}",
        "AppSecret: {}",
        '"session_key":"{}"',
        "<Token>{}</Token>",
        "define('TOKEN','{}')",
        "zebra={}",
    ):
        assert one.text(named.format(secret)) == named.format(token)


def test_an_address_has_one_token_in_all_its_spellings() -> None:
    one = Redactor(b"k" * 32)
    four = ["203.0.113.9", "::ffff:203.0.113.9", "::FFFF:203.0.113.9", "::ffff:cb00:7109", "0:0:0:0:0:ffff:203.0.113.9"]
    assert {one.text(f"client: {each}, server") for each in four} == {f"client: {one.text('203.0.113.9')}, server"}
    six = ["2001:db8::1", "2001:DB8::1", "2001:0db8:0:0:0:0:0:1", "2001:db8:0:0::0:1"]
    assert {one.text(f"[{each}]:443") for each in six} == {f"[{one.text('2001:db8::1')}]:443"}
    assert one.text("ec2-203-0-113-9.example.com") == f"ec2-{one.text('203.0.113.9')}.example.com"


@pytest.mark.parametrize(
    "text", ["127.0.0.1:9000", "listen [::]:80;", "::1", "0.0.0.0", "1.2.3", "10:04:57", "std::map"]
)
def test_what_names_no_machine_stays(text: str) -> None:
    assert Redactor(b"k" * 32).text(text) == text


def test_a_line_of_a_program_is_no_value() -> None:
    redactor = Redactor(b"k" * 32)
    for text in ("[0x00007f01] curl_exec() /srv/wx/token.php:34", "at auth_key.js:12", "secret.py:7)"):
        assert redactor.text(text) == text
    for text in ("token.php: k3JdQ0vR8sLw", "token.php:k3JdQ0vR8sLw", "token:123456", "token.php:34k3JdQ0vR8sLw"):
        assert "k3JdQ0vR8sLw" not in redactor.text(text)
        assert "123456" not in redactor.text(text)


def test_the_key_of_a_configuration_is_no_value_but_what_stands_behind_it_may_be_one() -> None:
    redactor = Redactor(b"k" * 32)
    text = "/etc/wxalarm/tokens.toml: store.url: expected the URL of a store"
    assert redactor.text(text) == text
    for text in (
        "tokens.toml: k3JdQ0vR8sLw",
        "tokens.toml:app_secret=k3JdQ0vR8sLw",
        "tokens.toml: accounts.shop.app_secret: k3JdQ0vR8sLw",
    ):
        assert "k3JdQ0vR8sLw" not in redactor.text(text)


def sentences(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from sentences(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_our_own_words_pass(lang: str) -> None:
    """Errors quote nothing secret and still speak of tokens; no output is refused for a hint of ours."""
    never = Redactor(reveal=True)
    made = tomllib.loads((ROOT / "wxalarm" / "messages" / f"{lang}.toml").read_text("utf-8"))
    assert [text for text in sentences(made) if never.text(text) != text] == []
    assert [text for text in sentences(made) if leak(text, personal=False)] == []
    assert len([text for text in sentences(made) if leak(text)]) <= 3, "lint's samples of made-up ids"


@pytest.mark.parametrize(
    ("text", "line", "column", "kind"),
    [
        ("a\nb wx7d2f0a91c35be846", 2, 3, "appid"),
        ("x\n\ntoken=k3JdQ0vR8sLw", 3, 7, "secret"),
        ("%77%787d2f0a91c35be846", 1, 1, "appid"),
        ("see http://u:p4ssw0rd@h/", 1, 12, "secret"),
    ],
)
def test_a_leak_is_told_by_its_place(text: str, line: int, column: int, kind: str) -> None:
    found = leak(text)
    assert found is not None
    assert (found.line, found.column, found.kind) == (line, column, kind)
    assert leak(Redactor(b"k" * 32).text(text)) is None
