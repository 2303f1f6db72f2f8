"""wxalarm.toml: loud about every mistake, with the place and the nearest name; secrets never stand in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wxalarm import config
from wxalarm.config import ConfigError
from wxalarm.messages import LANGUAGES, catalogue


def load(tmp_path: Path, text: str) -> config.Settings:
    path = tmp_path / "wxalarm.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_template_of_init_loads(tmp_path: Path, lang: str) -> None:
    template = catalogue(lang).ui("init_template")
    settings = load(tmp_path, template)
    assert settings.dns.servers == ("182.254.116.116",)
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in template.splitlines()[3:])
    uncommented = uncommented.replace("# [", "[")
    kept = [line for line in uncommented.splitlines() if not line.startswith('servers = ["182.254.116.116"]')]
    full = load(tmp_path, "\n".join(kept))
    assert full.accounts[0].secrets["token_env"] == "WECHAT_TOKEN"
    assert full.output.lang == "zh"


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
        ('[accounts.a]\nurll = "x"\n', "unknown key accounts.a.urll (did you mean url?)"),
        ('[accounts.a]\nurl = "wx.example.com/cb"\n', "accounts.a.url: expected a URL such as"),
        ('[accounts.a]\nurl = "ftp://wx.example.com/"\n', "accounts.a.url: expected a URL such as"),
        ('[platforms.a]\nmessage_url = "https://wx.example.com:99999/"\n', "platforms.a.message_url: expected a URL"),
        ('[api]\nbase_url = "api.weixin.qq.com"\n', "api.base_url: expected a URL"),
        ("[accounts.a]\ntoken_env = 5\n", "accounts.a.token_env: expected a string in quotes, found 5"),
        ('[output]\nlang = "fr"\n', "output.lang: expected one of zh, en, found 'fr'"),
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
    assert config.find(deep) is None
    (tmp_path / "config" / "wxalarm").mkdir(parents=True)
    (tmp_path / "config" / "wxalarm" / "wxalarm.toml").write_text("", "utf-8")
    assert config.find(deep) == tmp_path / "config" / "wxalarm" / "wxalarm.toml"
    (tmp_path / "wxalarm.toml").write_text("", "utf-8")
    assert config.find(deep) == tmp_path / "wxalarm.toml"


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
