"""Hostile files given to the whole program: it comes back with little memory and says that it cannot tell."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm import bounds
from wxalarm.messages import catalogue
from wxalarm.model import Reason

ALARM = (
    "Appid: wx0000000000000001\n昵称: a\n时间: 2026-01-01 12:00:00\n"
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n"
    "次数: 5分钟 3次\n错误样例: [OpenID=oAAAA][Stamp=1767240000][3rdUrl=http://wx.example.com/{path}][IP=198.51.100.1]\n"
    "报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg\n"
)
MEMORY = 448 * 1024 * 1024
"""Bytes of address space: the program needs half of it; each of these took more, or minutes, or for ever."""
SECONDS = 60
"""Of the processor: far more than the program needs, far less than these took."""


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def run(folder: Path, *args: str, path: str = "callback") -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of `wxalarm diagnose ARGS` with an alarm on stdin, in a folder, offline."""
    done = subprocess.run(
        [sys.executable, "-m", "wxalarm", "diagnose", "--offline", *args],
        input=ALARM.format(path=path).encode(),
        capture_output=True,
        cwd=folder,
        preexec_fn=bounded,
        env=os.environ | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "HOME": str(folder)},
        check=False,
    )
    assert done.returncode >= 0, "ended by the system for want of processor time"
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def server(inside: str, around: str = "") -> str:
    """A configuration whose server answers the callback."""
    return f"events {{}} http {{ {around} server {{ listen 80; server_name wx.example.com; {inside} }} }}"


WORDS = catalogue("en")
LIMITS = {
    "value": bounds.VALUE,
    "expansions": bounds.EXPANSIONS,
    "nginx-nesting": bounds.NGINX_NESTING,
    "nginx-includes": bounds.NGINX_INCLUDES,
}
MAPS = "".join(f'map $uri $m{number} {{ volatile; default "$m{number + 1}$m{number + 1}"; }}' for number in range(60))
CONFIGURATIONS: dict[str, tuple[str, str]] = {
    "nested quantifiers": (server("location ~* ^/([a-z0-9_-]+/?)+$ { return 403; }"), "told"),
    "doubling variables": (server("set $a x;" + "set $a $a$a;" * 40 + "if ($a) { return 403; }"), "value"),
    "ranges of ports": (server("listen 1-65535;" * 80 + "return 403;"), "told"),
    "numbers without end": (server(f"listen {'9' * 5000}; return {'9' * 5000};", f"limit_rate {'9' * 5000};"), "told"),
    "blocks inside each other": (server("a{" * 1000 + "}" * 1000), "nginx-nesting"),
    "a file that includes itself": (server("include nginx.conf; include nginx.conf;"), "nginx-nesting"),
    "files that include each other": ("include nginx.conf;\ninclude nginx.conf;\n", "nginx-includes"),
    "maps of maps": (server("if ($m0) { return 403; }", MAPS), "expansions"),
    "slash comments": (server("// a\n" * 150_000), "told"),
    "lua that does not end": (server("content_by_lua_block {" + "--[[\n" * 150_000), "told"),
}
"""By name: the text, and "told" or which bound it is beyond."""


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_hostile_nginx_configuration(name: str, tmp_path: Path) -> None:
    text, expected = CONFIGURATIONS[name]
    (tmp_path / "nginx.conf").write_text(text)
    args = ("--nginx-conf", "nginx.conf", "--only", "nginx-config", "-f", "json")
    code, out, err = run(tmp_path, *args, path="a" * 28 + "!")
    assert "Traceback" not in err
    (report,) = json.loads(out)["reports"]
    (result,) = [each for each in report["results"] if each["check"] == "nginx-config"]
    assert (result["status"] == "unknown") == (expected != "told"), result["reason"]
    if expected != "told":
        assert code == 3
        assert result["reason"] == WORDS.reason(Reason(f"bound-{expected}", {"limit": LIMITS[expected]}))


def fifo(path: Path) -> None:
    os.mkfifo(path)


def huge(path: Path) -> None:
    """200 MB that take no room on the disk."""
    with path.open("wb") as file:
        file.truncate(200_000_000)


def secret(path: Path) -> None:
    os.mkfifo(path, 0o600)


FILES: dict[str, tuple[Callable[[Path], None], str, tuple[str, ...]]] = {
    "a pipe as --config": (fifo, "", ("--config", "FILE")),
    "a huge wxalarm.toml": (huge, "", ("--config", "FILE")),
    "a pipe as --callback-check": (fifo, "", ("--callback-check", "FILE")),
    "a pipe as a secret": (secret, '[accounts.a]\nappid = "wx0000000000000001"\ntoken_file = "file"\n', ("--push",)),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file(name: str, tmp_path: Path) -> None:
    make, config, args = FILES[name]
    make(tmp_path / "file")
    (tmp_path / "mine.toml").write_text(config)
    named = ("--config", str(tmp_path / "mine.toml")) if config else ()
    code, _, err = run(tmp_path, *named, *(arg.replace("FILE", str(tmp_path / "file")) for arg in args))
    assert "Traceback" not in err
    assert "MemoryError" not in err
    assert code in (0, 1, 2, 3)
    if make is huge:
        assert (code, os.strerror(errno.EFBIG) in err) == (2, True)


@pytest.mark.parametrize("item", ["{}", "[]", '"a"', "0", '{"a":0}'])
def test_a_case_of_many_small_values(item: str, tmp_path: Path) -> None:
    with (tmp_path / "case.json").open("w") as file:
        file.write('{"schema": "wxalarm.case/1", "cases": [' + item)
        for _ in range(30):
            file.write(("," + item) * (1_000_000 // (len(item) + 1)))
        file.write("]}")
    code, _, err = run(tmp_path, "--from", "case.json")
    assert code == 2
    assert "values" in err
    assert "Traceback" not in err
