"""Alarms out of files, folders, archives and what parse wrote; a night of them is one page and spares the servers."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli_support import wxalarm
from tests.incidents.night import CAUSES, host, night
from wxalarm import bounds
from wxalarm.cli.reading import texts
from wxalarm.messages import catalogue

ALARM = """Appid: wx000000000000000{n}
昵称: 示例账号
时间: 2026-01-10 20:00:0{n}
内容: 微信服务器向公众号推送消息或事件后，开发者5秒内没有返回
次数: 5分钟 {n}00次
错误样例: [OpenID=oAAAA][Stamp=1768046400][OuterIP=][3rdUrl=http://wx.example.com/cb][IP=192.0.2.1][Event=Subscribe]
"""
QUICK = ("--offline", "--only", "sample", "--reveal")


def document(*args: str | Path, stdin: bytes = b"") -> dict[str, Any]:
    done = wxalarm("diagnose", *QUICK, "-f", "json", *args, stdin=stdin)
    assert done.stdout, done.stderr.decode()
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def appids(data: dict[str, Any]) -> list[str]:
    return [report["alarm"]["appid"] for report in data["reports"]]


def test_a_folder_an_archive_and_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "1.txt").write_text(ALARM.format(n=1), "utf-8")
    (tmp_path / "in" / ".hidden").write_text(ALARM.format(n=9), "utf-8")
    (tmp_path / "in" / "notes.txt").write_text("nothing here", "utf-8")
    (tmp_path / "in" / "2.txt.gz").write_bytes(gzip.compress(ALARM.format(n=2).encode("gb18030")))
    with zipfile.ZipFile(tmp_path / "in" / "3.zip", "w") as archive:
        archive.writestr("chat/3.txt", ALARM.format(n=3))
        archive.writestr("picture.png", bytes(range(256)))
    data = document(tmp_path / "in")
    assert appids(data) == ["wx0000000000000002", "wx0000000000000003", "wx0000000000000001"]
    (incident,) = data["incidents"]
    assert (incident["alarms"], incident["failures"], incident["accounts"]) == (3, 600, 3)
    told = wxalarm("diagnose", *QUICK, tmp_path / "in").stderr.decode()
    assert "notes.txt" in told, "one file without an alarm does not end the command, and is said"


@pytest.mark.parametrize("indent", [None, 2])
def test_a_robots_document_holds_an_alarm(tmp_path: Path, indent: int | None) -> None:
    """It is no record that `parse` wrote, whatever its first character."""
    path = tmp_path / "robot.json"
    said = {"msgtype": "text", "text": {"content": ALARM.format(n=1)}}
    path.write_text(json.dumps(said, indent=indent), "utf-8")
    assert appids(document(path)) == ["wx0000000000000001"]
    # As Kubernetes and monitoring systems begin theirs.
    path.write_text(json.dumps({"kind": "Event", "description": "x", **said}, indent=indent), "utf-8")
    assert appids(document(path)) == ["wx0000000000000001"]


def test_what_swells_out_of_a_compressed_file_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "EXPANDED", 4 << 20)
    fine, swollen = b"\n" * (4 << 20), b"\n" * ((4 << 20) + 1)
    for text, name in ((fine, "fine"), (swollen, "swollen")):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text))
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("chat.txt", text)

    def length(name: str) -> int:
        return sum(len(part) for _, parts in texts(str(tmp_path / name), "diagnose", catalogue("en")) for part in parts)

    for end in ("gz", "zip"):
        assert length(f"fine.{end}") == len(fine)
        with pytest.raises(ValueError, match="GiB"):
            length(f"swollen.{end}")


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_what_parse_writes_is_read(form: str) -> None:
    text = "".join(ALARM.format(n=n) for n in (1, 2)).encode()
    parsed = wxalarm("parse", "-f", form, stdin=text).stdout
    one, two = document(stdin=parsed), document(stdin=text)
    assert [report["alarm"] for report in one["reports"]] == [report["alarm"] for report in two["reports"]]


@pytest.mark.parametrize(
    "text", [b'{"kind": 1}', b'{"a"', b"{\n}", b'{"alarms": 3}', b"\x1f\x8bnonsense", b"PK\x03\x04nonsense"]
)
def test_what_is_neither_is_said(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(text)
    done = wxalarm("diagnose", *QUICK, path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"input" in done.stderr


def test_the_document_keeps_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "night.txt"
    path.write_text(night(400, accounts=100).text, "utf-8")
    data = document(path)
    schema = json.loads(resources.files("wxalarm.render").joinpath("schemas/report.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)
    assert data["run"]["elapsed"] >= 0
    assert [one["first"] for one in data["overview"]["blocks"]] == [1, 1, 1]
    hidden = wxalarm("diagnose", "--offline", "--only", "sample", "-f", "json", path).stdout.decode()
    assert "wx00000000" not in hidden
    assert "192.0.2." not in hidden


def test_more_causes_than_are_looked_at_are_counted_and_not_taken_for_fine(tmp_path: Path) -> None:
    text = "".join(ALARM.format(n=1).replace("wx.example.com", f"h{n}.example.com") for n in range(620))
    path = tmp_path / "many.txt"
    path.write_text(text, "utf-8")
    done = wxalarm("diagnose", *QUICK, "-f", "json", path)
    data = json.loads(done.stdout)
    assert done.returncode == 3
    assert (len(data["reports"]), len(data["incidents"]), data["overview"]["incidents_in_all"]) == (100, 500, 620)
    shown = wxalarm("diagnose", *QUICK, path).stdout.decode()
    assert len(shown.splitlines()) <= 60
    assert "608 more incidents" in shown


def test_advice_that_a_page_has_no_room_for_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "night.txt"
    path.write_text(night(600, accounts=200).text, "utf-8")
    page = wxalarm("diagnose", *QUICK, path, env={"COLUMNS": "80"}).stdout.decode().splitlines()
    whole = wxalarm("diagnose", *QUICK, "-v", path, env={"COLUMNS": "80"}).stdout.decode()
    assert len(page) <= 60
    assert any(line.startswith("    … and ") and line.endswith(" more (-v)") for line in page[-3:])
    assert " more (-v)" not in whole


@pytest.mark.parametrize("text", [False, True], ids=["file", "terminal"])
def test_quiet_is_the_verdict_alone(text: bool) -> None:
    done = wxalarm("diagnose", *QUICK, "-q", *(["-f", "text"] if text else []), stdin=ALARM.format(n=1).encode())
    assert len(done.stdout.decode().splitlines()) == 1
    assert done.stderr == b""


class Servers:
    """Listens on ports of 127.0.0.1; counts what connects."""

    def __init__(self, count: int) -> None:
        self.lock = threading.Lock()
        self.open: dict[int, int] = {}
        self.most: dict[int, int] = {}
        self.most_in_all = 0
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(count)]
        self.ports = [sock.getsockname()[1] for sock in self.sockets]
        for sock in self.sockets:
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(sock, listening.getsockname()[1]), daemon=True).start()

    def answer(self, sock: socket.socket, port: int) -> None:
        with self.lock:
            self.open[port] = self.open.get(port, 0) + 1
            self.most[port] = max(self.most.get(port, 0), self.open[port])
            self.most_in_all = max(self.most_in_all, sum(self.open.values()))
        with sock:
            sock.settimeout(5)
            try:
                data = sock.recv(65536)
                time.sleep(0.2)
                if data:
                    sock.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                pass
        with self.lock:
            self.open[port] -= 1


@contextmanager
def serving(count: int) -> Iterator[Servers]:
    made = Servers(count)
    try:
        yield made
    finally:
        for sock in made.sockets:
            sock.close()


@pytest.mark.parametrize("alarms", [2000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_night_is_one_page_and_no_storm_of_our_own(alarms: int, tmp_path: Path) -> None:
    with serving(CAUSES) as servers:
        config = tmp_path / "wxalarm.toml"
        urls = [f"http://{host(n, port)}/wx/$APPID$/callback" for n, port in enumerate(servers.ports)]
        config.write_text("".join(f'[platforms.p{n}]\nmessage_url = "{url}"\n' for n, url in enumerate(urls)), "utf-8")
        resolve = [f"--resolve={host(n, port)}:127.0.0.1" for n, port in enumerate(servers.ports)]
        pages = []
        for order in (0, 1):
            made = night(alarms, order=order, ports=servers.ports, network="")
            path = tmp_path / "night.txt"
            path.write_text(made.text, "utf-8")
            args: tuple[str | Path, ...] = (
                "--config",
                config,
                "--only",
                "sample,tcp-connect,http-request",
                *resolve,
                path,
            )
            done = wxalarm("diagnose", *args, "-f", f"json={tmp_path / 'r.json'}", "-f", "text", "--reveal")
            assert done.returncode == 1, done.stderr.decode()
            pages.append([line for line in done.stdout.decode().splitlines() if "s of 20 s" not in line])
            data = json.loads((tmp_path / "r.json").read_text("utf-8"))
            found = {one["place"]: (one["alarms"], one["failures"]) for one in data["incidents"]}
            assert len(data["incidents"]) == CAUSES
            assert found == {place: (made.alarms[place], made.failures[place]) for place in made.alarms}
            assert [len(one["blocks"]) for one in data["overview"]["blocks"]] == [3, 3, 3]
        assert pages[0] == pages[1], "the order of the alarms changes nothing"
        assert len(pages[0]) < 60
        assert 0 < len(servers.most) <= CAUSES
        assert max(servers.most.values()) <= 4
        assert servers.most_in_all <= 32


def test_lines_of_any_length_can_be_pasted() -> None:
    """A terminal in its own mode keeps 4,095 bytes of a line."""
    pytest.importorskip("pty")
    import pty
    import sys

    body = "x" * 9000
    text = ALARM.format(n=1).replace("[Event=Subscribe]", f"[Event=Subscribe][resp={body}]")
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "wxalarm", "diagnose", *QUICK, "-f", "json"]
    process = subprocess.Popen(command, stdin=child, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert b"Ctrl-D" in process.stderr.readline()
    time.sleep(0.3)
    feeding = threading.Thread(target=lambda: feed(parent, text.encode() + b"\x04"))
    feeding.start()
    out, err = process.communicate(timeout=60)
    feeding.join()
    assert body in out.decode(), err.decode()


def feed(parent: int, data: bytes) -> None:
    import os

    for start in range(0, len(data), 512):
        os.write(parent, data[start : start + 512])
        os.read(parent, 65536)  # the echo
