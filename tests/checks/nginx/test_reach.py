"""How the configuration is reached: nginx -T, files, standard input; and what is said where that is not permitted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nginx.server import TEMPS, USER, needs_nginx, nginx, running
from tests.paths import ROOT
from tests.ports import free_ports
from tests.support import context_of
from wxalarm.checks.check import Context, Skip
from wxalarm.checks.nginx import nginx_config
from wxalarm.checks.nginx.facts import NginxConfig
from wxalarm.probes import nginx_files

ALARM = """\
Appid: wx0000000000000001
时间: 2026-01-05 20:12:00
内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法
次数: 5分钟 40次
错误样例: [OpenID=oAAAAAAAAAAAAAAAAAAAAAAAAAA1][Stamp=1767615120][OuterIP=203.0.113.7]\
[3rdUrl=http://wx.example.com/callback][IP=192.0.2.10][http code=403]
"""
CONF = """\
events { }
http {
    include sites/*.conf;
}
"""
SITE = """\
server {
    listen 80;
    server_name wx.example.com;
    deny 203.0.113.0/24;
    location / { proxy_pass http://127.0.0.1:8080; }
}
"""
TARGET = {"url": "http://wx.example.com/callback", "host": "wx.example.com", "port": 80, "path": "/callback"}


def diagnose(folder: Path, *options: str, stdin: bytes = b"") -> tuple[int, Any, str]:
    alarm = folder / "alarm.txt"
    alarm.write_text(ALARM, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wxalarm", "diagnose", "--offline", "-f", "json", "--reveal", "--lang", "en", *options],
        input=stdin,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr.decode()


def result(report: Any) -> Any:
    return next(one for one in report["reports"][0]["results"] if one["check"] == "nginx-config")


def site(folder: Path) -> Path:
    (folder / "sites").mkdir()
    (folder / "sites" / "wx.conf").write_text(SITE)
    conf = folder / "nginx.conf"
    conf.write_text(CONF.replace("include", f"{TEMPS} include"))
    return conf


@pytest.mark.nginx
@needs_nginx
def test_a_dump_on_standard_input_keeps_file_and_line(tmp_path: Path) -> None:
    conf = site(tmp_path)
    (tmp_path / "sites" / "wx.conf").write_text(SITE.replace("listen 80", "listen 127.0.0.1:18080"))
    dump = nginx(tmp_path, conf, "-T").stdout
    code, report, _ = diagnose(tmp_path, "--nginx-conf", "-", "alarm.txt", stdin=dump)
    assert code == 1
    [denied] = [one for one in result(report)["findings"] if one["code"] == "nginx-denied"]
    assert denied["evidence"]["place"] == f"{tmp_path}/sites/wx.conf:4"


def test_one_text_on_standard_input(tmp_path: Path) -> None:
    _, report, _ = diagnose(
        tmp_path, "--nginx-conf", "-", "alarm.txt", stdin=f"events {{ }} http {{ {SITE} }}".encode()
    )
    assert "nginx-denied" in [one["code"] for one in result(report)["findings"]]
    _, report, _ = diagnose(tmp_path, "--nginx-conf", "-", "alarm.txt", stdin=b"")
    assert result(report)["status"] == "skip"
    assert "nginx -T" in result(report)["reason"]


@pytest.mark.parametrize("files", [[], ["-"]])
def test_standard_input_cannot_be_both(files: list[str], tmp_path: Path) -> None:
    code, _, said = diagnose(tmp_path, "--nginx-conf", "-", *files, stdin=ALARM.encode())
    assert code == 2
    assert "nginx -T" in said


def test_a_file_with_its_includes(tmp_path: Path) -> None:
    conf = site(tmp_path)
    _, report, _ = diagnose(tmp_path, "--nginx-conf", str(conf), "alarm.txt")
    assert report["reports"][0]["cause"]["code"] in ("http-status", "nginx-denied")
    assert "nginx-denied" in [one["code"] for one in result(report)["findings"]]
    files = [one["path"] for one in result(report)["observation"]["conf"]["files"]]
    assert files == [str(conf), f"{tmp_path}/sites/wx.conf"]


def test_a_part_of_a_configuration_is_read_as_inside_its_block(tmp_path: Path) -> None:
    for text in (SITE, "deny 203.0.113.0/24;\nlocation / { proxy_pass http://127.0.0.1:8080; }\n"):
        conf = tmp_path / "wx.conf"
        conf.write_text(text)
        for given, stdin in ((str(conf), b""), ("-", text.encode())):
            _, report, _ = diagnose(tmp_path, "--nginx-conf", given, "alarm.txt", stdin=stdin)
            assert [one["code"] for one in result(report)["findings"]][:1] == ["nginx-denied"], text


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        (
            "<VirtualHost *:80>\n  ServerName wx.example.com\n  ProxyPass / http://127.0.0.1:8080/\n</VirtualHost>\n",
            "Apache",
        ),
        ("wx.example.com {\n    reverse_proxy 127.0.0.1:8080\n}\n", "Caddy"),
    ],
)
def test_the_configuration_of_another_server_is_not_judged(text: str, owner: str, tmp_path: Path) -> None:
    conf = tmp_path / "site.conf"
    conf.write_text(text)
    _, report, _ = diagnose(tmp_path, "--nginx-conf", str(conf), "alarm.txt")
    assert result(report)["status"] == "skip"
    assert owner in result(report)["reason"]


def probe(ctx: Context) -> NginxConfig:
    async def run() -> NginxConfig:
        return await nginx_config.CHECK.probe(ctx)

    return asyncio.run(run())


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """This process without its rights; programs that it starts have none either."""
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter, as /etc/nginx is."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to give it up")
def test_without_root_it_reads_what_it_may_and_says_what_it_may_not(open_folder: Path) -> None:
    conf = site(open_folder)
    secret = open_folder / "sites" / "private.conf"
    secret.write_text("server { listen 81; ssl_certificate_key /etc/ssl/private/key.pem; }")
    secret.chmod(0o600)
    ctx = context_of({"target": TARGET, "settings": {"host": {"nginx_conf": str(conf)}}})
    probe(ctx)  # what it imports may not be readable without root
    with as_nobody():
        found = asyncio.run(nginx_files.find(str(conf), timeout=60))
        observation = probe(ctx)
    assert found is not None
    assert [Path(file.path).name for file in found.files] == ["nginx.conf", "wx.conf"]
    assert found.unreadable == (str(secret),)
    assert found.tested is None, "nginx -t says only that it may not"
    codes = {one.code.id for one in nginx_config.CHECK.evaluate(observation, ctx)}
    assert "nginx-invalid" not in codes
    conf.chmod(0o600)
    with as_nobody(), pytest.raises(Skip) as skipped:
        probe(ctx)
    assert skipped.value.reason.id == "nginx-unreadable"
    assert skipped.value.reason.values["path"] == str(conf)


@pytest.mark.nginx
@needs_nginx
def test_what_this_machine_lacks_says_nothing_of_a_file_from_elsewhere(tmp_path: Path) -> None:
    conf = site(tmp_path)
    conf.write_text(CONF.replace("include", "include gone.conf; access_log /nowhere/a.log; include"))
    _, report, _ = diagnose(tmp_path, "--nginx-conf", str(conf), "alarm.txt")
    assert "nginx-invalid" not in [one["code"] for one in result(report)["findings"]]


@pytest.mark.nginx
@needs_nginx
def test_the_file_of_the_running_nginx_is_tested_with_its_prefix(tmp_path: Path) -> None:
    [port] = free_ports(1)
    conf = site(tmp_path)
    (tmp_path / "sites" / "wx.conf").write_text(SITE.replace("listen 80", f"listen 127.0.0.1:{port}"))
    conf.write_text(f"{USER}{conf.read_text()}".replace("http {", "http { access_log logs/a.log;"))
    with running(tmp_path, conf, [port]):
        found = asyncio.run(nginx_files.find(os.path.relpath(conf), timeout=60))
    assert found is not None
    assert found.running is not None
    assert (found.running.conf, found.prefix) == (str(conf), str(tmp_path))
    assert found.tested is True, found.message
