"""The machine's own numbers, of a /proc that is made up and of the real one."""

from __future__ import annotations

import socket
from pathlib import Path

from wxalarm.config import Host, Settings
from wxalarm.watch.server import Server, look


def test_of_a_machine_that_is_made_up(tmp_path: Path) -> None:
    net = tmp_path / "proc" / "net"
    net.mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\n")
    head = "  sl  local_address rem_address   st\n"
    rows = [("0050", "01"), ("0050", "01"), ("0050", "06"), ("01BB", "01"), ("1F90", "01"), ("0050", "0A")]
    (net / "tcp").write_text(
        head + "".join(f"   {n}: 0100007F:{port} 0200007F:9C40 {state} 0:0\n" for n, (port, state) in enumerate(rows))
    )
    (net / "netstat").write_text("TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 7\n")
    found = look({80, 443}, str(tmp_path))
    assert found.established == {80: 2, 443: 1}
    assert found.available == 0.25
    assert found.overflows == 7


def test_of_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            found = look({port})
    assert found.established[port] == 1
    assert found.load is not None
    assert found.available is not None
    assert 0 < found.available < 1


def test_a_log_that_cannot_be_read_is_said_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    server = Server(Settings(host=Host(access_log=(str(path),))), ["https://wx.example.com/cb"])
    errors = []
    for text in (None, ""):
        if text is not None:
            path.write_text(text)
        server.step()
        errors.append(server.error)
    server.close()
    assert errors == ["No such file or directory", None]
    assert server.ports == {443}
