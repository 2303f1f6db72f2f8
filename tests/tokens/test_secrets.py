"""Two hundred made-up secrets on all their ways: none is in an output, a log at debug level, an error, a traceback, or
the command line of a process, and no child can inherit one."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.background import Background
from tests.cli_support import wxalarm
from tests.paths import ROOT
from tests.tokens.servers import KINDS, PASSWORD, Made
from wxalarm import config
from wxalarm.lab import api as lab_api
from wxalarm.lab.api import Api, api
from wxalarm.lab.token_rules import TokenRules
from wxalarm.messages import ReasonError
from wxalarm.tokens import Tokens, needs
from wxalarm.tokens.keeper import Keeper
from wxalarm.tokens.stores.base import StoreError
from wxalarm.tokens.turn import Told

ACCOUNTS, AUTHORIZERS = 60, 60
PLATFORM = "wx00000000000000ff"


class Scene:
    """Accounts with secrets, a platform with authorizers, a stand-in that repeats what it was sent in its errors."""

    def __init__(self, folder: Path, url: str, rules: TokenRules, store_url: str) -> None:
        self.rules = rules
        self.folder = folder
        self.key, self.door = Fernet.generate_key().decode(), secrets.token_hex(16)
        self.app_secrets = [secrets.token_hex(16) for _ in range(ACCOUNTS)]
        self.platform_secret = secrets.token_hex(16)
        lines = []
        for number, secret in enumerate(self.app_secrets):
            appid = f"wx{number:016x}"
            rules.add(appid, secret)
            lines += [f"[accounts.a{number}]", f'appid = "{appid}"', f'app_secret_file = "{self.file(secret)}"']
        rules.add(PLATFORM, self.platform_secret)
        lines += ["[platforms.mine]", f'appid = "{PLATFORM}"', f'app_secret_file = "{self.file(self.platform_secret)}"']
        lines += ["[store]", f'url = "{store_url}"']
        if store_url.startswith("sqlite"):  # where values are not encrypted, a driver's log could show them
            lines += [f'key_file = "{self.file(self.key)}"']
        lines += [f'door_token_file = "{self.file(self.door)}"', f'password_file = "{self.file(PASSWORD)}"']
        lines += ["calls_per_hour = 40", "[api]", f'base_url = "{url}"']
        self.path = folder / "tokens.toml"
        self.path.write_text("\n".join(lines), "utf-8")
        self.refresh: list[str] = []

    def file(self, secret: str) -> Path:
        path = self.folder / f"secret-{len(list(self.folder.iterdir()))}"
        path.write_text(secret)
        path.chmod(0o600)
        return path

    def fill(self, tokens: Tokens) -> None:
        """A ticket, and what the authorizers gave."""
        tokens.ticket_came("mine", self.rules.push_ticket(PLATFORM))
        for number in range(AUTHORIZERS):
            _, refresh = self.rules.authorize(PLATFORM, f"wx{number + 4096:016x}")
            tokens.authorized("mine", f"wx{number + 4096:016x}", refresh)
            self.refresh.append(refresh)

    def all(self) -> set[str]:
        """Every secret there is by now."""
        issued = [
            one.value
            for owner in self.rules.owners.values()
            for some in (owner.stable, owner.component, owner.tickets, *owner.authorizers.values())
            for one in some
        ]
        known = [*self.app_secrets, self.platform_secret, self.key, self.door, PASSWORD, *self.refresh, *issued]
        return set(known)

    def look_through(self, what: str, text: str | bytes) -> None:
        read = text if isinstance(text, str) else text.decode("utf-8", "replace")
        for secret in self.all():
            for part in (secret, secret[:12]):
                assert part not in read, f"{what} shows a secret"


@pytest.fixture(params=KINDS)
def scene(
    request: pytest.FixtureRequest, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    server = made(request.param)
    server.empty()
    rules = TokenRules(time.time)
    with Background() as background, background.serving(api(Api(rules=rules))) as site:
        scene = Scene(tmp_path, site.url(""), rules, server.url)
        plain = lab_api.error

        def repeats(errcode: int) -> dict[str, object]:
            """An errmsg with whatever it was sent last."""
            heard = site.heard[-1]
            said = plain(errcode)
            return {**said, "errmsg": f"{said['errmsg']} {heard.target} {heard.body.decode()}"}

        monkeypatch.setattr(lab_api, "error", repeats)
        yield scene


def test_no_secret_comes_out(scene: Scene) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    tokens = Tokens(config.read(scene.path, "named"))
    told: list[Told] = []
    try:
        scene.fill(tokens)

        def kept(names: Iterable[str]) -> tuple[needs.Kept, ...]:
            return needs.needs_of(tokens.settings, names)

        scene.rules.faults["/cgi-bin/stable_token"] = 40125
        for fault in (40125, None, None):
            scene.rules.faults.clear()
            if fault:
                scene.rules.faults["/cgi-bin/stable_token"] = fault
            Keeper(tokens.store, tokens.settings, kept, told.append).run(threading.Event(), once=True)
        assert len(scene.all()) >= 200
        for number in range(ACCOUNTS):
            assert scene.rules.works(tokens.get(f"a{number}"))
        scene.look_through("repr", repr(told) + repr(tokens) + repr(tokens.settings) + repr(tokens.settings.source))
        for account, authorizer in (("nobody", None), ("mine", "x" * 300), ("mine", "wx-unknown")):
            with pytest.raises(ReasonError) as caught:
                tokens.get(account, None, authorizer)
            scene.look_through("traceback", "".join(traceback.format_exception(caught.value)))
    finally:
        tokens.store.close()
        root.removeHandler(handler)
        root.setLevel(before)
    scene.look_through("log", heard.getvalue())
    ticket, wrong = scene.rules.push_ticket(PLATFORM), f"<xml>{secrets.token_hex(16)}</xml> "
    scene.refresh.append(wrong)
    for given, args in (
        ("", ("status",)),
        ("", ("status", "-f", "json")),
        ("", ("status", "--lang", "zh")),
        ("", ("keep", "--once")),
        ("", ("get",)),
        (ticket, ("put",)),
        (wrong + ticket, ("put",)),
        (scene.refresh[0], ("put", "--authorizer", f"wx{4096:016x}")),
        (scene.refresh[0], ("put", "--authorizer", "wx1")),
    ):
        done = wxalarm("token", *args, "--config", scene.path, stdin=given.encode(), env={"WXALARM_TRACEBACK": "1"})
        scene.look_through(" ".join(args), done.stdout + done.stderr)


def test_no_process_shows_one(scene: Scene) -> None:
    command = [sys.executable, "-X", "dev", "-m", "wxalarm", "token", "keep", "--listen", "127.0.0.1:0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen([*command, "--config", str(scene.path)], env=env, stderr=subprocess.PIPE)
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(30)]
    here = Path(f"/proc/{process.pid}")
    for name in ("cmdline", "environ", "comm"):
        scene.look_through(name, (here / name).read_bytes())
    assert not [task.read_bytes() for task in here.glob("task/*/children") if task.read_bytes()], "it has no children"
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    scene.look_through("stderr", b"".join(lines) + rest)


def test_a_crash_shows_none(scene: Scene) -> None:
    """What is thrown where the value is at hand."""
    code = (
        "import sys; from wxalarm.tokens import row; row.sure_until = None;"
        "sys.argv = ['wxalarm', 'token', 'get', '--account', 'mine', '--kind', 'component_verify_ticket',"
        " '--config', sys.argv[1]];"
        "from wxalarm.cli import main; main()"
    )
    tokens = Tokens(config.read(scene.path, "named"))
    with contextlib.suppress(StoreError):
        scene.fill(tokens)
    tokens.store.close()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "WXALARM_TRACEBACK": "1"}
    done = subprocess.run([sys.executable, "-c", code, str(scene.path)], env=env, capture_output=True, check=False)
    assert b"TypeError" in done.stderr, "it has crashed"
    scene.look_through("crash", done.stdout + done.stderr)
    stored = json.dumps([str(path) for path in scene.folder.iterdir()])
    scene.look_through("names of files", stored)
