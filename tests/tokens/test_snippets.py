"""The snippets of docs/{en,zh}/tokens.md, as they stand there, run in their languages against real stores."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.tokens.servers import Made, Server, missing
from wxalarm.config import Account, Settings
from wxalarm.tokens import Tokens
from wxalarm.tokens import row as rows
from wxalarm.tokens.door import Door, open_door
from wxalarm.tokens.reader import Reader
from wxalarm.tokens.stores.base import Store, look, make

NAME = "wx0000000000000001/access_token"
TOKEN = "token-" + "x" * 506
JARS = (Path("/usr/share/java/postgresql.jar"), Path("/usr/share/java/mariadb-java-client.jar"))
PLATFORM = "wx0000000000000002"
HANDED_IN = [("php", "php", "hand.php"), ("java", "java", "HandIn.java"), ("node", "javascript", "hand.js")]
PROGRAMS = {"php": "php-cli", "java": "default-jdk-headless", "node": "nodejs"}


def snippet(lang: str, language: str, holding: str) -> str:
    page = (ROOT / "docs" / lang / "tokens.md").read_text("utf-8")
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL) if holding in text]
    assert len(found) == 1
    return str(found[0])


def installed(program: str) -> None:
    if shutil.which(program) is None:
        missing(PROGRAMS[program])


def filled(store: Store, left: float) -> None:
    make(store, NAME, rows.given(TOKEN, left))


def run(*command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=100)


def given(store: Store, *command: str | Path, **env: str) -> None:
    """The snippet prints the token while it holds, and ends with 3 when it does not, or was refused."""
    filled(store, 7200.0)
    done = run(*command, **env)
    assert (done.returncode, done.stdout) == (0, TOKEN), done.stderr
    filled(store, -5.0)
    assert run(*command, **env).returncode == 3, "it has ended"
    filled(store, 7200.0)
    make(store, NAME, lambda row, now: dataclasses.replace(row, rejected_at=now))
    assert run(*command, **env).returncode == 3, "WeChat has refused it"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgresql"])
def test_php(made: Made, kind: str, lang: str, tmp_path: Path) -> None:
    installed("php")
    server = emptied(made, kind)
    script = tmp_path / "token.php"
    script.write_text(snippet(lang, "php", "PDO"))
    place = f"host=127.0.0.1;port={server.port};dbname=wxalarm"
    dsn = {"sqlite": f"sqlite:{server.folder}/tokens.db", "mariadb": f"mysql:{place}", "postgresql": f"pgsql:{place}"}
    user = {"STORE_USER": "wxalarm", "STORE_PASSWORD": server.password} if server.password else {}
    given(server.store(), "php", script, STORE=dsn[kind], **user)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("kind", "jar"), [("postgresql", JARS[0]), ("mariadb", JARS[1])])
def test_java(made: Made, kind: str, jar: Path, lang: str, tmp_path: Path) -> None:
    installed("java")
    if not jar.exists():
        missing(str(jar))
    server = emptied(made, kind)
    script = tmp_path / "Token.java"
    script.write_text(snippet(lang, "java", "class Token"))
    url = f"jdbc:{kind}://127.0.0.1:{server.port}/wxalarm"
    user = {"STORE_USER": "wxalarm", "STORE_PASSWORD": server.password or ""}
    given(server.store(), "java", "-Xshare:auto", "-cp", jar, script, STORE=url, **user)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("secret", [None, "made-up-door-token"])
def test_node(made: Made, secret: str | None, lang: str, tmp_path: Path) -> None:
    installed("node")
    store = emptied(made, "sqlite").store()
    script = tmp_path / "token.js"
    script.write_text(snippet(lang, "javascript", "/token/shop"))
    tokens = Tokens(Settings(accounts=(Account("shop", NAME.partition("/")[0]),)), store)
    tokens.reader = Reader(store, itertools.count(0.0, 100.0).__next__)  # each read is more than a minute later
    door = Door(tokens, secret)
    opened = open_door(door, "127.0.0.1", 0)
    try:
        given(store, "node", script, DOOR=f"http://{opened.place}", **({"DOOR_TOKEN": secret} if secret else {}))
        if secret:
            assert run("node", script, DOOR=f"http://{opened.place}").returncode == 3
    finally:
        opened.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_python(made: Made, lang: str, tmp_path: Path) -> None:
    server = emptied(made, "sqlite")
    script = tmp_path / "token.py"
    script.write_text(snippet(lang, "python", "sqlite3"))
    given(server.store(), sys.executable, script, STORE=f"{server.folder}/tokens.db")


@pytest.mark.parametrize(("program", "language", "name"), HANDED_IN)
def test_a_ticket_is_handed_in(made: Made, program: str, language: str, name: str, tmp_path: Path) -> None:
    installed(program)
    store = emptied(made, "sqlite").store()
    script = tmp_path / name
    code, other = (snippet(lang, language, "/ticket/mine") for lang in ("en", "zh"))
    assert re.sub("//.*", "", code) == re.sub("//.*", "", other)
    script.write_text(code)
    door = Door(Tokens(Settings(accounts=(Account("mine", PLATFORM, platform=True),)), store), "made-up-door-token")
    opened = open_door(door, "127.0.0.1", 0)
    env = {"DOOR": f"http://{opened.place}", "TICKET": "ticket@@@made-up"}
    try:
        assert run(program, script, DOOR_TOKEN="wrong", **env).returncode == 3
        assert not store.names()
        done = run(program, script, DOOR_TOKEN="made-up-door-token", **env)
        assert done.returncode == 0, done.stderr
    finally:
        opened.close()
    assert look(store, f"{PLATFORM}/component_verify_ticket").row.value == "ticket@@@made-up"


def emptied(made: Made, kind: str) -> Server:
    server = made(kind)
    server.empty()
    return server
