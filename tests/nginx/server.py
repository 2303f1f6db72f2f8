"""A real nginx on loopback for tests: `nginx -t`, `nginx -T`, a running one, and a client that sends what it gets."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

NGINX = shutil.which("nginx") or next((path for path in ("/usr/sbin/nginx",) if os.access(path, os.X_OK)), None)
needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx here")

TEMPS = "".join(f"{kind}_temp_path temp_{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
"""For an http block: else nginx wants to make its folders below /var/lib."""
USER = "user root;\n" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
"""For the main block: the workers must be able to enter the test's folder."""


def nginx(folder: Path, conf: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Runs nginx to its end (-t, -T)."""
    assert NGINX is not None
    return subprocess.run(
        [NGINX, "-p", str(folder), "-e", "stderr", "-g", f"pid {folder}/pid;", "-c", str(conf), *options],
        capture_output=True,
        check=False,
    )


def in_foreground(folder: Path, conf: Path) -> list[str]:
    """The command that runs nginx until it is ended."""
    assert NGINX is not None
    (folder / "logs").mkdir(exist_ok=True)
    command = [NGINX, "-p", str(folder), "-e", f"{folder}/logs/error.log", "-c", str(conf)]
    return [*command, "-g", f"daemon off; pid {folder}/pid;"]


@contextlib.contextmanager
def running(folder: Path, conf: Path, ports: Sequence[int]) -> Iterator[subprocess.Popen[bytes]]:
    """nginx in the foreground, ready on all `ports` of 127.0.0.1, and known by its title."""
    process = subprocess.Popen(in_foreground(folder, conf), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        until = time.monotonic() + 15
        for port in ports:
            while not answers(port):
                if process.poll() is not None:
                    raise AssertionError(process.stderr.read().decode("utf-8", "replace"))
                assert time.monotonic() < until, f"nothing listens on {port}"
                time.sleep(0.02)
        # It listens before it has the title by which it is known.
        title = Path(f"/proc/{process.pid}/cmdline")
        while not title.read_bytes().startswith(b"nginx: "):
            assert time.monotonic() < until, "it has no title"
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=15)
        process.stderr.close()


def answers(port: int) -> bool:
    """Whether something on 127.0.0.1 takes a connection."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def ask(
    port: int,
    target: str = "/",
    host: str = "wx.example.com",
    address: str = "127.0.0.1",
    *,
    method: str = "GET",
    body: bytes = b"",
    timeout: float = 10.0,
) -> tuple[int, dict[str, str], bytes]:
    """(status, headers by lower-case name, body) of one HTTP/1.0-like request; status 0: closed without an answer."""
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((address, port), timeout=timeout) as connection:
        connection.sendall(head.encode("utf-8", "surrogateescape") + body)
        chunks = []
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                chunks.append(chunk)
    answer = b"".join(chunks)
    head_bytes, _, content = answer.partition(b"\r\n\r\n")
    first, *lines = head_bytes.decode("latin-1").split("\r\n")
    words = first.split()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(words[1]) if len(words) > 1 else 0, headers, content
