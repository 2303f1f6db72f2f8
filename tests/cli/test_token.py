"""`wxalarm token` as a user runs it, against the stand-in of WeChat and a store in a file."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pty
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.background import Background
from tests.cli_support import wxalarm
from tests.paths import ROOT
from wxalarm import config, tokens
from wxalarm.lab import web
from wxalarm.lab.api import Api, api
from wxalarm.lab.token_rules import TokenRules
from wxalarm.tokens import row as rows
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import look, make

APPID, SECRET = "wx0000000000000001", "made-up-app-secret"
NAME = f"{APPID}/access_token"
CONFIG = """
[accounts.shop]
appid = "{appid}"
app_secret_env = "SHOP_SECRET"
{more}
[store]
url = "sqlite:///{folder}/tokens.db"
[api]
base_url = "{url}"
"""


class Stand:
    """WeChat's stand-in, a configuration and a store."""

    def __init__(self, folder: Path, wechat: Api, url: str) -> None:
        self.folder, self.wechat, self.url = folder, wechat, url
        assert wechat.rules is not None
        self.rules = wechat.rules
        self.path = folder / "tokens.toml"
        self.env = {"SHOP_SECRET": SECRET}
        self.configure()

    def configure(self, more: str = "", after: str = "") -> None:
        text = CONFIG.format(appid=APPID, folder=self.folder, url=self.url, more=more) + after
        self.path.write_text(text, "utf-8")

    def __call__(
        self, *args: str, env: dict[str, str] | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        own = self.env if env is None else env
        return wxalarm("token", *args, "--config", self.path, env=own, stdin=given.encode())

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder}/tokens.db"

    def row(self) -> rows.Row:
        store = open_store(self.store_url)
        with contextlib.closing(store):
            return look(store, NAME).row

    def change(self, change: rows.Change) -> None:
        store = open_store(self.store_url)
        with contextlib.closing(store):
            assert make(store, NAME, change)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    rules = TokenRules(time.time)
    rules.add(APPID, SECRET)
    wechat = Api(rules=rules)
    with Background() as background, background.serving(api(wechat)) as site:
        yield Stand(tmp_path, wechat, site.url(""))


def test_keep_get_status(stand: Stand) -> None:
    kept = stand("keep", "--once")
    assert kept.returncode == 0, kept.stderr.decode()
    assert f"{NAME}: refreshed" in kept.stderr.decode()
    got = stand("get", "--account", "shop")
    assert got.returncode == 0, got.stderr.decode()
    assert stand.rules.works(got.stdout.decode())
    assert got.stdout.decode() == stand.row().value, "and not even the end of a line"
    assert not stand.wechat.voided, "only stable_token"
    again = stand("keep", "--once")
    assert again.returncode == 0
    assert len(stand.rules.served) == 1, "it is young"
    status = stand("status")
    assert status.returncode == 0, status.stderr.decode()
    assert "and WeChat takes it" in status.stdout.decode()
    assert "24 of 2000 used" in status.stdout.decode()
    data = json.loads(stand("status", "--offline", "-f", "json").stdout)
    assert data["schema"] == "wxalarm.tokens/1"
    assert (data["tokens"][0]["name"], data["tokens"][0]["present"]) == (NAME, True)
    assert got.stdout.decode() not in json.dumps(data) + status.stdout.decode()


def test_classic_says_what_it_voids_and_uses_the_other_call(stand: Stand) -> None:
    kept = stand("keep", "--once", "--classic")
    assert kept.returncode == 0
    assert "voids the token of before" in kept.stderr.decode()
    assert [path for _, path, *_ in stand.rules.served] == ["/cgi-bin/token"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (40164, "192.0.2.77 on the IP white list"),
        (40125, "Appid or AppSecret is wrong"),
        (40013, "Appid or AppSecret is wrong"),
        (41004, "Appid or AppSecret is wrong"),
        (45009, "the day's quota is used up"),
        (45011, "too many calls in a minute"),
        (50004, "may not get tokens (50004)"),
        (50007, "may not get tokens (50007)"),
        (89503, "has to confirm calls"),
        (89501, "has to confirm calls"),
        (89507, "shut out for an hour"),
        (40243, "is frozen"),
        (-1, "was busy"),
        (99999, "errcode 99999"),
    ],
)
def test_each_error_says_what_to_do_and_is_not_tried_again_at_once(stand: Stand, fault: int, says: str) -> None:
    stand.rules.faults["/cgi-bin/stable_token"] = fault
    kept = stand("keep", "--once")
    assert kept.returncode == 1
    assert says in kept.stderr.decode()
    row = stand.row()
    assert row.failures == 1
    assert row.due_at > row.refreshed_at
    assert stand("get").returncode == 3, "there is no token"
    status = stand("status", "--offline")
    assert status.returncode == 1
    assert says in status.stdout.decode()


def test_a_page_in_place_of_json_is_no_token(stand: Stand) -> None:
    stand.wechat.page = True
    kept = stand("keep", "--once")
    assert kept.returncode == 1
    assert "no answer of WeChat's" in kept.stderr.decode()


def test_nobody_there_is_an_error_of_its_own(stand: Stand) -> None:
    stand.url = "http://127.0.0.1:1"
    stand.configure()
    kept = stand("keep", "--once")
    assert kept.returncode == 1
    assert "WeChat's API gave no answer (refused)" in kept.stderr.decode()


def test_starts_in_a_loop_stay_within_the_bound(stand: Stand) -> None:
    stand.rules.faults["/cgi-bin/stable_token"] = 40125
    stand.configure(after="")
    for _ in range(9):
        assert stand("keep", "--once").returncode in (0, 1)
    assert len(stand.rules.served) == 6, "a burst of six, then one in ten minutes"


def test_somebody_else_refreshes(stand: Stand) -> None:
    stand("keep", "--once")
    body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": True}
    stand.rules.answer("/cgi-bin/stable_token", {}, body)
    status = stand("status")
    assert status.returncode == 1, status.stderr.decode()
    assert "WeChat refuses it" in status.stdout.decode()
    value = stand.row().value or ""
    stand.change(lambda row, now: dataclasses.replace(row, refreshed_at=now - 100))
    stand.change(rows.rejected(value))
    assert b"WeChat has refused the stored token" in stand("get").stderr
    stand("keep", "--once")
    status = stand("status")
    assert "somebody else refreshes: WeChat refused the stored token while it was young" in status.stdout.decode()
    assert "and WeChat takes it" in status.stdout.decode()


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("kept",), 2, "did you mean keep?"),
        (("get", "--account", "shpo"), 2, "did you mean shop?"),
        (("keep", "--account", "shpo"), 2, "did you mean shop?"),
        (("get",), 3, "no token in the store yet"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(stand: Stand, args: tuple[str, ...], code: int, says: str) -> None:
    done = stand(*args)
    assert done.returncode == code
    assert done.stdout == b""
    assert says in done.stderr.decode()
    assert len(done.stderr.decode().splitlines()) == 1


def test_an_account_without_a_secret_keeps_nothing(stand: Stand, tmp_path: Path) -> None:
    stand.path.write_text(f'[accounts.shop]\nappid = "{APPID}"\n[store]\nurl = "{stand.store_url}"\n')
    done = stand("keep", "--once")
    assert done.returncode == 2
    assert "there is nothing to keep" in done.stderr.decode()


def test_a_secret_whose_variable_is_not_set_is_told_and_nothing_is_sent(stand: Stand) -> None:
    done = stand("keep", "--once", env={})
    assert done.returncode == 1
    assert "Appid or AppSecret is wrong or missing" in done.stderr.decode()
    assert not stand.rules.served


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("oracle://x", "oracle is no store"),
        ("mysql://wxalarm@db.[example.com/wxalarm", "store.url: expected the URL of a store"),
        ("redis://127.0.0.1:99999/0", "store.url: expected the URL of a store"),
        ("mysql://u:secret-in-url@h/d", "a secret may not stand in this file; use password_env"),
    ],
)
def test_a_store_that_is_none(stand: Stand, url: str, says: str) -> None:
    stand.path.write_text(f'[accounts.shop]\nappid = "{APPID}"\n[store]\nurl = "{url}"\n')
    done = stand("get")
    assert done.returncode == 2
    assert says in done.stderr.decode()
    assert "secret-in-url" not in done.stderr.decode()


def test_a_found_file_that_nobody_agreed_to_leads_to_no_other_store(stand: Stand, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    folder.mkdir()
    (folder / "wxalarm.toml").write_text(stand.path.read_text())
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **stand.env}
    command = [sys.executable, "-m", "wxalarm", "token", "get"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"you have not agreed to it" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_terminal_is_shown_no_token_unless_it_asks(stand: Stand) -> None:
    stand("keep", "--once")
    value = (stand.row().value or "").encode()
    for more, code in (([], 2), (["--show"], 0)):
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "wxalarm", "token", "get", *more, "--config", str(stand.path)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **stand.env}
        done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, stdin=theirs, env=env, check=False)
        os.close(theirs)
        assert done.returncode == code
        with contextlib.suppress(OSError):
            assert (value in os.read(ours, 4096)) is (code == 0)
        os.close(ours)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_keep_goes_on_until_it_is_stopped(stand: Stand, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "wxalarm", "token", "keep", "--config", str(stand.path)]
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **stand.env}
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
    assert process.stderr is not None
    line = process.stderr.readline().decode()
    assert f"{NAME}: refreshed" in line
    process.send_signal(number)
    process.wait(30)
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.returncode == 0
    assert stand.row().lease_until == 0.0


def test_the_words_are_there_in_chinese(stand: Stand) -> None:
    stand.rules.faults["/cgi-bin/stable_token"] = 40164
    assert "请把 192.0.2.77 加进公众号的 IP白名单" in stand("keep", "--once", "--lang", "zh").stderr.decode()
    assert "wxalarm token keep 在运行吗" in stand("get", "--lang", "zh").stderr.decode()


def test_keep_answers_by_http_while_it_runs(stand: Stand) -> None:
    command = [sys.executable, "-m", "wxalarm", "token", "keep", "--listen", "127.0.0.1:0", "--config", str(stand.path)]
    env = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **stand.env}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        url = process.stderr.readline().decode().removeprefix("listening: ").strip().removesuffix("/token/NAME")
        assert b"refreshed" in process.stderr.readline()
        with urllib.request.urlopen(f"{url}/token/shop", timeout=20) as answer:
            assert stand.rules.works(answer.read().decode())
        with urllib.request.urlopen(f"{url}/metrics", timeout=20) as answer:
            assert 'result="refreshed"} 1' in answer.read().decode()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("listen", "says"),
    [
        ("8765", "expected ADDRESS:PORT"),
        ("localhost:8765", "expected ADDRESS:PORT"),
        ("0.0.0.0:8765", "set door_token_env under [store]"),
        ("127.0.0.1:99999", "expected ADDRESS:PORT"),
    ],
)
def test_a_door_that_cannot_be_opened(stand: Stand, listen: str, says: str) -> None:
    done = stand("keep", "--once", "--listen", listen)
    assert done.returncode == 2
    assert says in done.stderr.decode()


PLATFORM, PLATFORM_SECRET, AUTHORIZER = "wx0000000000000002", "made-up-platform-secret", "wx0000000000000003"
MINE = f"""
[platforms.mine]
appid = "{PLATFORM}"
app_secret_env = "MINE_SECRET"
jsapi_ticket = true
"""


def test_a_platform_gets_its_tokens_from_ticket_and_refresh_token(stand: Stand) -> None:
    stand.configure(after=MINE)
    stand.env["MINE_SECRET"] = PLATFORM_SECRET
    stand.rules.add(PLATFORM, PLATFORM_SECRET)
    ours = tokens.Tokens(config.read(stand.path, "named"))
    try:
        put = stand("put", given=stand.rules.push_ticket(PLATFORM) + "\n")
        assert (put.returncode, put.stdout) == (0, b""), put.stderr.decode()
        _, refresh = stand.rules.authorize(PLATFORM, AUTHORIZER)
        assert stand("put", "--account", "mine", "--authorizer", AUTHORIZER, given=refresh).returncode == 0
        for _ in range(3):  # each builds on the one before
            kept = stand("keep", "--once")
            assert kept.returncode == 0, kept.stderr.decode()
        component = stand("get", "--account", "mine")
        authorizer = stand("get", "--account", "mine", "--authorizer", AUTHORIZER)
        ticket = stand("get", "--account", "mine", "--authorizer", AUTHORIZER, "--kind", "jsapi_ticket")
        for got, kind in ((component, "component-"), (authorizer, "authorizer-"), (ticket, "jsapi-")):
            assert got.stdout.decode().startswith(kind), got.stderr.decode()
            assert stand.rules.works(got.stdout.decode())
        # It authorizes again: the former refresh token is void, and the next refresh uses the new one.
        _, again = stand.rules.authorize(PLATFORM, AUTHORIZER)
        ours.authorized("mine", AUTHORIZER, again)
        assert stand("keep", "--once").returncode == 0
        renewed = stand("get", "--account", "mine", "--authorizer", AUTHORIZER)
        assert renewed.stdout != authorizer.stdout
        assert stand.rules.works(renewed.stdout.decode())
        status = stand("status", "--offline")
        assert f"{PLATFORM}/{AUTHORIZER}/jsapi_ticket" in status.stdout.decode()
    finally:
        ours.store.close()


@pytest.mark.parametrize(
    ("args", "given", "says"),
    [
        (("--account", "mine"), "", "decrypted"),
        (("--account", "mine"), "<xml> made-up-ticket </xml>", "decrypted"),
        (("--account", "shop"), "ticket@@@made-up-ticket", "[platforms.NAME]"),
        (("--account", "mine", "--authorizer", "wx1"), "refreshtoken@@@made-up-ticket", "wx1 is no appid"),
        (("--account", "mnie"), "ticket@@@made-up-ticket", "mine"),
    ],
)
def test_what_is_no_ticket_is_said_and_not_shown(stand: Stand, args: tuple[str, ...], given: str, says: str) -> None:
    stand.configure(after=MINE)
    done = stand("put", *args, given=given)
    assert done.returncode == 2
    assert says in done.stderr.decode()
    assert "made-up-ticket" not in done.stderr.decode()


def test_a_ticket_that_cannot_be_stored_is_not_taken(stand: Stand) -> None:
    stand.configure(after=MINE)
    (stand.folder / "tokens.db").mkdir()
    assert stand("put", "--account", "mine", given="ticket@@@1").returncode == 3


def test_who_only_reads_makes_no_store(stand: Stand, tmp_path: Path) -> None:
    stand.configure()
    text = stand.path.read_text("utf-8")
    stand.path.write_text(text.replace(stand.store_url, f"sqlite:///{tmp_path}/nowhere/tokens.db"), "utf-8")
    got = stand("get")
    assert got.returncode == 3
    assert "there is no token in the store yet" in got.stderr.decode()
    assert not (tmp_path / "nowhere").exists()


def test_a_platform_without_a_ticket_waits_for_it(stand: Stand) -> None:
    stand.configure(after=MINE)
    stand.env["MINE_SECRET"] = PLATFORM_SECRET
    assert stand("keep", "--once", "--account", "mine").returncode == 0
    assert not stand.rules.served
    assert "no token yet" in stand("status", "--account", "mine", "--offline").stdout.decode()


def test_what_needs_a_person_goes_out_on_the_ways_of_watch_once(stand: Stand) -> None:
    answers = iter([500, *[200] * 10])

    def hook(heard: web.Heard) -> web.Said:
        return web.Said(status=next(answers))

    with Background() as background, background.serving(web.serve(hook)) as site:
        stand.configure(after=f'[watch]\nways = ["webhook+{site.url("/hook")}"]\n')
        stand.rules.faults["/cgi-bin/stable_token"] = 40164
        for _ in range(3):
            assert stand("keep", "--once").returncode in (0, 1)
        stand.rules.faults.clear()
        assert stand("keep", "--once").returncode == 0
        got = [json.loads(heard.body) for heard in site.heard]
    assert [(one["kind"], one["errcode"], one["ip"]) for one in got] == [
        ("failed", 40164, "192.0.2.77"),
        ("failed", 40164, "192.0.2.77"),
        ("recovered", None, None),
    ]
    assert got[0]["id"] == got[1]["id"], "the first was not taken"
    assert "IP white list" in got[0]["text"]
    assert SECRET not in json.dumps(got)
