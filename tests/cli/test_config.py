"""`wxalarm config`: what is found is believed as far as the user agreed to it, and what is in force is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.test_edges import ALARM
from tests.paths import ROOT
from wxalarm.cli.common import UNTOLD
from wxalarm.config import Settings, tables

FILE = """\
[accounts.shop]
appid = "wx0000000000000001"
url = "https://user:password@wx.example.com/cb"
token_file = "token"
app_secret_env = "SHOP_SECRET"
[api]
base_url = "https://user:password@api.example.com:8443/x"
[output]
lang = "en"
"""
SECRET = "do-not-show-this"
NOT_USED = "accounts.shop.token_file, accounts.shop.app_secret_env, api.base_url"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder below one that holds a wxalarm.toml."""
    (tmp_path / "wxalarm.toml").write_text(FILE, "utf-8")
    (tmp_path / "token").write_text(SECRET, "utf-8")
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "alarm.txt").write_text(ALARM, "utf-8")
    return tmp_path / "here"


def wxalarm(place: Path, *args: str, code: int | None = None) -> tuple[str, str]:
    """stdout and stderr of a run in that folder, with a home of its own beside it. A diagnosis sees the alarm alone,
    and says by its exit code that all else was not looked at."""
    done = subprocess.run(
        [sys.executable, "-m", "wxalarm", *args],
        cwd=place,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "SHOP_SECRET": SECRET, "COLUMNS": "300"}
        | {"XDG_CONFIG_HOME": str(place.parent / "home")},
    )
    expected = code if code is not None else UNTOLD if args[0] == "diagnose" else 0
    assert done.returncode == expected, done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert "password" not in done.stdout + done.stderr
    return done.stdout, done.stderr


REPORT = ("diagnose", "--offline", "--only", "sample", "alarm.txt")


def test_what_nobody_agreed_to_is_not_used_and_said(place: Path) -> None:
    _, err = wxalarm(place, *REPORT)
    assert f"these keys are not used: {NOT_USED}." in err
    assert f"wxalarm config trust {place.parent}/wxalarm.toml" in err
    for out in (wxalarm(place, *REPORT)[0], wxalarm(place, "plan", "alarm.txt")[0]):
        said = f"Configuration: {place.parent}/wxalarm.toml (found from the current folder; not trusted)"
        assert said in " ".join(out.split())
        assert "api.example.com" not in out


def test_what_was_agreed_to_is_used_and_where_every_secret_goes_is_said(place: Path) -> None:
    out, err = wxalarm(place, "config", "trust")
    expected = [
        f"Configuration: {place.parent}/wxalarm.toml (found from the current folder; you trust it)",
        f"accounts.shop.token_file: out of the file {place.parent}/token, would sign or encrypt what goes to "
        "https://wx.example.com; is itself never sent",
        "accounts.shop.app_secret_env: out of the variable SHOP_SECRET, would be sent to https://api.example.com:8443",
    ]
    assert (out.splitlines(), err) == (expected, "")
    for args in (("config", "show"), REPORT, ("plan", "alarm.txt")):
        out, err = wxalarm(place, *args)
        assert err == ""
        assert " ".join(expected) in " ".join(out.split())
    for name, mark in (("html", "https://api.example.com:8443"), ("markdown", "https://api.example.com:8443")):
        assert mark in wxalarm(place, *REPORT, "-f", name)[0]


def test_a_changed_file_is_no_longer_trusted_and_the_old_one_is_again(place: Path) -> None:
    wxalarm(place, "config", "trust")
    (place.parent / "wxalarm.toml").write_text(FILE.replace("api.example.com", "evil.example.com"), "utf-8")
    out, _ = wxalarm(place, "config", "show")
    assert "not trusted" in out
    assert f"Not used until you trust the file: {NOT_USED}" in out
    assert out.partition("Once you trust it:\n")[2].endswith("would be sent to https://evil.example.com:8443\n")
    (place.parent / "wxalarm.toml").write_text(FILE, "utf-8")
    assert "you trust it" in wxalarm(place, "config", "show")[0]


def test_only_what_is_declared_harmless_counts_untrusted() -> None:
    """A new key is untrusted until somebody says why not: this list is to be thought about, not only to be renewed."""
    harmless = {f"{name}.{key}" for name, table in tables().items() for key, one in table.keys.items() if one.harmless}
    accounts = {"appid", "nickname", "url", "mode", "original_id"}
    platforms = {"appid", "nickname", "authorization_url", "message_url", "mode"}
    host = {"access_log", "error_log", "app_log", "log_format", "addresses"}
    watch = {"every", "for", "recover", "remind", "keep_rounds", "keep_days", "megabytes", "allow_lists"}
    assert harmless == {
        *(f"accounts.{key}" for key in accounts),
        *(f"platforms.{key}" for key in platforms),
        *(f"host.{key}" for key in host),
        *("api.callback_check", "output.lang"),
        *(f"watch.{key}" for key in watch),
    }


def test_every_other_key_is_withheld_from_a_found_file(place: Path) -> None:
    """By the loader, for every key that there is."""
    from wxalarm.config import attribute, from_mapping

    data: dict[str, Any] = {}
    for name, table in tables().items():
        samples = {key: entry.sample for key, entry in table.keys.items()}
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in samples.items()}
        data[name] = {"x": values} if table.named else values
    settings = from_mapping(data, trusted=False)
    assert settings.source is not None
    kept = {"host", "output"}
    for name in tables():
        if name not in {"accounts", "platforms", *kept}:
            default = getattr(Settings(), name)
            changed = {
                key
                for key in map(attribute, tables()[name].keys)
                if getattr(getattr(settings, name), key) != getattr(default, key)
            }
            assert not changed or all(tables()[name].keys[key.rstrip("_")].harmless for key in changed), name
    assert all(not account.secrets and not account.callback_ips for account in settings.accounts)
    assert len(settings.source.unused) == sum(not e.harmless for t in tables().values() for e in t.keys.values())


def test_the_json_report_says_it_too_and_a_saved_case_again(place: Path) -> None:
    wxalarm(place, "config", "trust")
    document = json.loads(wxalarm(place, *REPORT, "-f", "json", "--save", "case.json")[0])
    schema = json.loads((ROOT / "wxalarm/render/schemas/report.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    assert document["configuration"] == {
        "path": f"{place.parent}/wxalarm.toml",
        "why": "found",
        "trusted": True,
        "unused": [],
        "secrets": [
            {
                "key": "accounts.shop.token_file",
                "place": f"{place.parent}/token",
                "use": "signs",
                "to": ["https://wx.example.com"],
            },
            {
                "key": "accounts.shop.app_secret_env",
                "place": "SHOP_SECRET",
                "use": "sent",
                "to": ["https://api.example.com:8443"],
            },
        ],
    }
    again = json.loads(wxalarm(place, "diagnose", "--from", "case.json", "-f", "json")[0])
    assert again["configuration"] == document["configuration"]


def test_a_file_that_others_may_write_is_passed_over_and_said(place: Path) -> None:
    place.parent.chmod(0o777)
    try:
        for args in (REPORT, ("plan", "alarm.txt")):
            out, err = wxalarm(place, *args)
            assert f"{place.parent}/wxalarm.toml is not read: others may write to {place.parent}" in err
            assert f"run: chmod go-w {place.parent}" in err
            assert "Configuration:" not in out
        _, err = wxalarm(place, "config", "trust", "../wxalarm.toml", code=2)
        assert "is not read" in err
        assert "no wxalarm.toml" in wxalarm(place, "config", "trust", code=2)[1]
        own = place.parent / "home" / "wxalarm" / "wxalarm.toml"
        own.parent.mkdir(parents=True)
        own.write_text("", "utf-8")
        assert f"{own} (in your own folder)" in wxalarm(place, "config", "show")[0], "the next one is read"
        assert "(named by --config)" in wxalarm(place, *REPORT, "--config", "../wxalarm.toml")[0]
    finally:
        place.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("base", "good"),
    [
        ("http://api.example.com", False),
        ("http://10.0.0.1", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("HTTP://api.example.com", False),
        ("http://127.0.0.1@api.example.com", False),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("https://api.example.com", True),
    ],
)
def test_a_secret_goes_by_https_or_nowhere(base: str, good: bool, place: Path) -> None:
    (place / "named.toml").write_text(f'[accounts.a]\naccess_token_env = "T"\n[api]\nbase_url = "{base}"\n', "utf-8")
    _, err = wxalarm(place, *REPORT, "--config", "named.toml", code=None if good else 2)
    assert ("named.toml: api.base_url" in err) is not good
    assert ("is no https URL, and accounts.a.access_token_env would be sent there" in err) is not good
    (place / "named.toml").write_text(f'[accounts.a]\ntoken_env = "T"\n[api]\nbase_url = "{base}"\n', "utf-8")
    wxalarm(place, *REPORT, "--config", "named.toml")  # no secret would be sent there


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("config", "trsut"), "expected one of trust, show (did you mean trust?)"),
        (("config", "trust", "gone.toml"), "No such file"),
        (("config", "show", "gone.toml"), "No such file"),
        (("config", "trust", "alarm.txt"), "not TOML"),
    ],
)
def test_mistakes(args: tuple[str, ...], says: str, place: Path) -> None:
    assert says in wxalarm(place, *args, code=2)[1]


def test_where_nothing_is_found(place: Path) -> None:
    (place.parent / "wxalarm.toml").unlink()
    assert wxalarm(place, "config", "show")[0] == "Configuration: none; every key has its default\n"


def test_an_agreement_that_others_may_write_is_none(place: Path) -> None:
    home = place.parent / "home"
    home.mkdir()
    home.chmod(0o777)
    _, err = wxalarm(place, "config", "trust", code=2)
    assert f"others may write to {home}" in err
    assert "not trusted" in wxalarm(place, "config", "show")[0]
