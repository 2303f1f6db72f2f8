"""wxalarm.toml: loud about every mistake, with the place and the nearest name; secrets never stand in it."""

from __future__ import annotations

import dataclasses
import enum
import subprocess
import sys
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from wxalarm import config
from wxalarm.config import ConfigError, Key, Source
from wxalarm.messages import catalogue
from wxalarm.model import AlarmKind


def load(tmp_path: Path, text: str) -> config.Settings:
    path = tmp_path / "wxalarm.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[dsn]\n", "unknown key dsn (did you mean dns?)"),
        ("[dns]\nserver = []\n", "unknown key dns.server (did you mean servers?)"),
        ("[dns]\nservers = 3\n", "dns.servers: expected a list of strings, found 3"),
        ('[accounts.a]\nmode = "safe"\n', "accounts.a.mode: expected one of plain, compatible, secure, found 'safe'"),
        ('[accounts.a]\ntoken = "x"\n', 'a secret may not stand in this file; use token_env = "VARIABLE"'),
        ("accounts = 1\n", "accounts must be a table"),
        ('[accounts]\na = "x"\n', "accounts.a must be a table"),
        ("[dns\n", "not TOML"),
        ("a = " + "9" * 9999, "not TOML"),
        ("a = " + "[" * 99999, "not TOML"),
        ('[accounts.a]\nurll = "x"\n', "unknown key accounts.a.urll (did you mean url?)"),
        ('[accounts.a]\nurl = "wx.example.com/cb"\n', "accounts.a.url: expected a URL such as"),
        ('[accounts.a]\nurl = "ftp://wx.example.com/"\n', "accounts.a.url: expected a URL such as"),
        ('[platforms.a]\nmessage_url = "https://wx.example.com:99999/"\n', "platforms.a.message_url: expected a URL"),
        ('[api]\nbase_url = "api.weixin.qq.com"\n', "api.base_url: expected a URL"),
        ("[accounts.a]\ntoken_env = 5\n", "accounts.a.token_env: expected a string in quotes, found 5"),
        ('[dns]\nauthority_port = "53"\n', "dns.authority_port: expected a whole number, found '53'"),
        ("[dns]\nauthority_port = 53.0\n", "dns.authority_port: expected a whole number, found 53.0"),
        ("[dns]\nauthority_port = true\n", "dns.authority_port: expected a whole number, found True"),
        (
            '[dns]\nservers = ["192.0.2.1", "x"]\n',
            'dns.servers: expected "IP", "IP:PORT" or "[IPv6]:PORT", found \'x\'',
        ),
        ("[accounts.a]\nmode = 1\n", "accounts.a.mode: expected one of plain, compatible, secure, found 1"),
        ('[registration]\nrdap = "rdap.example.com"\n', "registration.rdap: expected a URL"),
        ('[output]\nlang = "fr"\n', "output.lang: expected one of en, zh, found 'fr'"),
    ],
)
def test_a_mistake_names_the_place_and_the_repair(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)
    assert "wxalarm.toml" in str(caught.value)


def test_mistakes_are_told_in_chinese_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "[dns]\nserver = []\n")
    said = catalogue("zh").reason(caught.value.reason)
    assert said == f"{tmp_path}/wxalarm.toml：没有 dns.server 这个键（是不是想写 servers？）"


def test_files_are_named_from_the_folder_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.setenv("HOME", "/home/someone")
    settings = load(
        tmp_path,
        '[accounts.a]\ntoken_file = "secrets/token"\napp_secret_env = "SECRET"\n'
        '[host]\nnginx_conf = "nginx.conf"\naccess_log = ["logs/*.log", "/var/log/a.log", "~/b.log"]\n'
        '[tls]\nca_file = "ca.pem"\n[registration]\ncache = ""\n[api]\ncallback_check = "check.json"\n',
    )
    assert settings.accounts[0].secrets == {"token_file": f"{tmp_path}/secrets/token", "app_secret_env": "SECRET"}
    assert settings.host.nginx_conf == f"{tmp_path}/nginx.conf"
    assert settings.host.access_log == (f"{tmp_path}/logs/*.log", "/var/log/a.log", "/home/someone/b.log")
    assert (settings.tls.ca_file, settings.registration.cache) == (f"{tmp_path}/ca.pem", "")
    assert settings.api.callback_check == f"{tmp_path}/check.json"


def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n", "utf-8")
    secret.chmod(0o644)
    account = load(tmp_path, f'[accounts.a]\ntoken_file = "{secret}"\n').accounts[0]
    with pytest.raises(ConfigError, match="chmod 600"):
        account.secret("token")
    secret.chmod(0o600)
    assert account.secret("token") == "s3cret"
    assert account.secret("app_secret") is None
    assert "s3cret" not in repr(account)


def test_the_account_is_picked_by_appid_then_url_then_name(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[accounts.a]\nappid = "wx0000000000000001"\nurl = "https://a.example.com/cb"\n'
        '[accounts.b]\nurl = "https://b.example.com/cb/"\n'
        '[platforms.p]\nauthorization_url = "https://p.example.com/ticket"\n',
    )
    named = [
        settings.account_for("wx0000000000000001", None),
        settings.account_for(None, "https://b.example.com/cb?x=1"),
    ]
    assert [account.name for account in named if account] == ["a", "b"]
    assert settings.account_for("wx9", "https://c.example.com/") is None
    platform = settings.account_for(None, "https://p.example.com/ticket")
    assert platform is not None
    assert platform.platform
    with pytest.raises(ConfigError, match="did you mean a"):
        settings.account_for(None, None, "aa")


def test_the_nearest_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert config.load(start=deep).source == Source()
    (tmp_path / "config" / "wxalarm").mkdir(parents=True)
    own = tmp_path / "config" / "wxalarm" / "wxalarm.toml"
    own.write_text("", "utf-8")
    assert config.load(start=deep).source == Source(str(own), "own")
    assert config.load(start=own.parent).source == Source(str(own), "own")
    (tmp_path / "wxalarm.toml").write_text("", "utf-8")
    assert config.load(start=deep).source == Source(str(tmp_path / "wxalarm.toml"), "found", trusted=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5300", ("192.0.2.53", 5300)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5300", ("2001:db8::53", 5300)),
    ],
)
def test_a_dns_server(text: str, expected: tuple[str, int]) -> None:
    assert config.split_server(text) == expected


@pytest.mark.parametrize(
    "text", ["", "dns.example.com", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:70000", "[::1", "[::1]5"]
)
def test_no_dns_server(text: str) -> None:
    with pytest.raises(ValueError):
        config.split_server(text)


def test_the_previous_key_stands_behind_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    account = config.Account("shop", secrets={"encoding_aes_key_env": "KEYS"})
    monkeypatch.delenv("KEYS", raising=False)
    assert not account.aes_keys
    for value in ("new,old", "new old", " new,\n old "):
        monkeypatch.setenv("KEYS", value)
        assert list(account.aes_keys) == ["new", "old"]
    monkeypatch.setenv("KEYS", "new")
    assert list(account.aes_keys) == ["new"]


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Watch:
    every: Annotated[float, Key()] = 60.0
    once: Annotated[bool, Key()] = False
    rounds: Annotated[int | None, Key(10)] = None
    ports: Annotated[tuple[int, ...], Key((80,))] = ()
    level: Annotated[Level, Key()] = Level.LOW
    days: Annotated[tuple[Literal["mon", "tue"], ...], Key(("mon",))] = ()
    internal: int = 3


@dataclass(frozen=True, slots=True)
class MadeUp(config.Settings):
    made: Watch = field(default_factory=Watch)


def watch(**values: Any) -> Watch:
    settings = config.from_mapping({"made": values}, settings=MadeUp)
    assert isinstance(settings, MadeUp)
    return settings.made


def test_values_are_read_by_the_types_of_the_fields() -> None:
    assert watch() == Watch()
    assert watch(every=5, once=True, rounds=3, ports=[80, 443], level="high", days=["tue", "mon"]) == Watch(
        5.0, True, 3, (80, 443), Level.HIGH, ("tue", "mon")
    )
    assert isinstance(watch(every=5).every, float)
    assert watch(ports=80, days="mon") == Watch(ports=(80,), days=("mon",))


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("every", "5", "made.every: expected a number, found '5'"),
        ("every", True, "made.every: expected a number, found True"),
        ("every", float("nan"), "made.every: expected a number, found nan"),
        ("every", float("-inf"), "made.every: expected a number, found -inf"),
        ("every", 10**400, "made.every: expected a number, found 1000"),
        ("every", [5.0], "made.every: expected a number, found [5.0]"),
        ("once", 1, "made.once: expected true or false, found 1"),
        ("once", "true", "made.once: expected true or false, found 'true'"),
        ("rounds", 1.0, "made.rounds: expected a whole number, found 1.0"),
        ("rounds", False, "made.rounds: expected a whole number, found False"),
        ("ports", ["80"], "made.ports: expected a list of numbers, found ['80']"),
        ("ports", [80, True], "made.ports: expected a list of numbers, found [80, True]"),
        ("level", "LOW", "made.level: expected one of low, high, found 'LOW'"),
        ("level", ["low"], "made.level: expected one of low, high, found ['low']"),
        ("days", ["mon", "sun"], "made.days: expected one of mon, tue, found 'sun'"),
        ("internal", 4, "unknown key made.internal"),
        ("evry", 4, "unknown key made.evry (did you mean every?)"),
    ],
)
def test_a_value_of_another_type_names_the_place_and_the_repair(key: str, value: Any, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        watch(**{key: value})
    assert says in str(caught.value)


@pytest.mark.parametrize("odd", [dict[str, str], str | int, Literal[1, 2], tuple[str, str], bytes])
def test_a_key_of_a_type_that_has_no_reading_is_no_key(odd: Any) -> None:
    table = make_dataclass("Odd", [("key", Annotated[odd, Key("x")], None)])
    settings = make_dataclass("OddSettings", [("odd", table, None)], bases=(config.Settings,), frozen=True)
    with pytest.raises(TypeError, match=r"Odd\.key"):
        config.tables(settings)


def test_no_type_is_resolved_before_a_file_is_read() -> None:
    program = (
        "import typing\n"
        "usual = typing.get_type_hints\n"
        "def resolved(what, *args, **names):\n"
        "    assert not what.__module__.startswith('wxalarm'), what  # Python 3.13 resolves some of its own\n"
        "    return usual(what, *args, **names)\n"
        "typing.get_type_hints = resolved\n"
        "from wxalarm import config\n"
        "config.Settings()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_urls_of_an_account_have_one_home() -> None:
    """A key that names a URL is in URLS, so that masking, signing and the choice of an account all see it."""
    keys = {field.name for field in dataclasses.fields(config.Account) if field.name.endswith("url")}
    assert set(config.URLS) == keys
    platform = config.Account(
        "p",
        authorization_url="https://a.example.com/auth",
        message_url="https://a.example.com/$APPID$/in",
        platform=True,
    )
    assert platform.urls() == ("https://a.example.com/auth", "https://a.example.com/$APPID$/in")
    assert platform.urls("wx1") == ("https://a.example.com/auth", "https://a.example.com/wx1/in")
    assert platform.url_for(AlarmKind.TICKET_TIMEOUT, "wx1") == "https://a.example.com/auth"
    assert platform.url_for(AlarmKind.INVALID_RESPONSE, "wx1") == "https://a.example.com/wx1/in"
    assert platform.url_for(AlarmKind.INVALID_RESPONSE, None) == "https://a.example.com//in"
    own = config.Account("a", url="https://b.example.com/")
    assert own.urls() == ("https://b.example.com/",)
    assert own.url_for(AlarmKind.TICKET_TIMEOUT, "wx1") == "https://b.example.com/"


def test_an_account_of_a_platform_is_found_by_the_platforms_message_url() -> None:
    settings = config.from_mapping(
        {"platforms": {"mine": {"appid": "wx0000000000000009", "message_url": "https://open.example.com/$APPID$/cb"}}}
    )
    found = settings.account_for("wx0000000000000001", "https://open.example.com/wx0000000000000001/cb?signature=1")
    assert found is not None
    assert found.name == "mine"
    assert settings.account_for("wx0000000000000001", "https://open.example.com/wx0000000000000002/cb") is None


def test_who_receives_the_push_counts_before_who_it_is_about() -> None:
    """An account that is configured too is the wrong one: its keys open nothing that goes to the platform."""
    shop = {"appid": "wx0000000000000001", "url": "https://shop.example.com/cb"}
    platform = {"appid": "wx0000000000000009", "message_url": "https://open.example.com/in/%24APPID%24"}
    settings = config.from_mapping({"accounts": {"shop": shop}, "platforms": {"mine": platform}})

    def name(appid: str | None, url: str | None) -> str | None:
        found = settings.account_for(appid, url)
        return found.name if found else None

    assert name("wx0000000000000001", "https://open.example.com/in/wx0000000000000001") == "mine"
    assert name(None, "https://open.example.com/in/wx0000000000000001") == "mine"
    assert name("wx0000000000000001", "https://shop.example.com/cb") == "shop"
    assert name("wx0000000000000001", "https://elsewhere.example.com/cb") == "shop"
    assert name("wx0000000000000001", None) == "shop"
    assert name("wx0000000000000003", "https://elsewhere.example.com/cb") is None
    assert settings.has_server("http://open.example.com/whatever")
    assert not settings.has_server("https://elsewhere.example.com/cb")
    assert not settings.has_server("/in")
    assert not settings.has_server(None)
