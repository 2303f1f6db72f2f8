"""A real nginx on loopback with made-up application servers behind it, each with its own fault."""

from __future__ import annotations

import contextlib
import http.client
import os
import pwd
import shutil
import socket
import socketserver
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_ports
from wxalarm.logs.answered import UPSTREAM

NO_NGINX = pytest.mark.skipif(
    not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()), reason="nginx is not installed"
)
LOG_FORMAT = """log_format own '[$time_iso8601] $remote_addr "$request" $status $body_bytes_sent "$upstream_addr" '
                   '"$upstream_status" $request_time "$upstream_response_time"';"""
_VARIABLES = ("status", "body_bytes_sent", "request_time", "request_uri", *UPSTREAM)
FULL_FORMAT = "log_format own escape=json '{" + ",".join(f'"{name}":"${name}"' for name in _VARIABLES) + "}';"
"""Everything that tells who answered, as JSON."""
CONF = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
worker_processes 1;
{user}
events {{ worker_connections {connections}; }}
http {{
    {log_format}
    access_log {folder}/access.log own;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_next_upstream off;
    limit_req_zone $server_name zone=one:1m rate=1r/m;
    limit_req_zone $server_name zone=queue:1m rate=17r/m;
    limit_req_zone $server_name zone=few:1m rate=1r/m;
    upstream half {{ server 127.0.0.1:{fast} max_fails=0; server 127.0.0.1:{dead} max_fails=0; }}
    upstream halves {{ server 127.0.0.1:{dead} max_fails=0; server 127.0.0.1:{fast} backup; }}
    upstream marked {{ server 127.0.0.1:{dead} max_fails=1 fail_timeout=60s;
                       server 127.0.0.1:{dead2} max_fails=1 fail_timeout=60s; }}
    server {{
        listen 127.0.0.1:{port};
        server_name wx.example.com;
        root {folder}/html;
        location /fast {{ proxy_pass http://127.0.0.1:{fast}; }}
        location /quoted {{ proxy_pass http://127.0.0.1:{quoted}; }}
        location /created {{ proxy_pass http://127.0.0.1:{created}; }}
        location /broken {{ proxy_pass http://127.0.0.1:{broken}; }}
        location /hangs2 {{ proxy_pass http://127.0.0.1:{hangs}; }}
        location /fast2 {{ proxy_pass http://127.0.0.1:{fast}; }}
        location /hangs {{ proxy_pass http://127.0.0.1:{hangs}; }}
        location /sleeps {{ proxy_pass http://127.0.0.1:{sleeps}; }}
        location /impatient {{ proxy_pass http://127.0.0.1:{hangs}; proxy_read_timeout 1s; }}
        location /dead {{ proxy_pass http://127.0.0.1:{dead}; }}
        location /resets {{ proxy_pass http://127.0.0.1:{resets}; }}
        location /closes {{ proxy_pass http://127.0.0.1:{closes}; }}
        location /bigheader {{ proxy_pass http://127.0.0.1:{bigheader}; }}
        location /full {{ proxy_pass http://127.0.0.1:{full}; proxy_connect_timeout 1s; }}
        location /socket {{ proxy_pass http://unix:{folder}/full.sock; }}
        location /nosocket {{ proxy_pass http://unix:{folder}/none.sock; }}
        location /half {{ proxy_pass http://half; }}
        location /marked {{ proxy_pass http://marked; }}
        location /limited {{ limit_req zone=one; proxy_pass http://127.0.0.1:{fast}; }}
        location /queued {{ limit_req zone=queue burst=5; proxy_pass http://127.0.0.1:{fast}; }}
        location /denied {{ deny all; proxy_pass http://127.0.0.1:{fast}; }}
        location /small {{ client_max_body_size 5; proxy_pass http://127.0.0.1:{fast}; }}
        location /redirect {{ return 301 https://wx.example.com$request_uri; }}
        location /resolve {{ set $name nowhere.example.cn; proxy_pass http://$name; }}
        location /circle {{ rewrite ^ /circle last; }}
        location /page {{ error_page 405 =404 /none.html; }}
        location /says502 {{ proxy_pass http://127.0.0.1:{says502}; }}
        location /empty502 {{ proxy_pass http://127.0.0.1:{empty502}; }}
        location /says504 {{ proxy_pass http://127.0.0.1:{says504}; }}
        location /badheader {{ proxy_pass http://127.0.0.1:{badheader}; }}
        location /page419 {{ proxy_pass http://127.0.0.1:{page419}; }}
        location /challenge {{ proxy_pass http://127.0.0.1:{challenge}; }}
        location /empty {{ proxy_pass http://127.0.0.1:{empty}; }}
        location /begins {{ proxy_pass http://127.0.0.1:{begins}; }}
        location /files {{ }}
        location /busy {{ limit_req zone=few; limit_req_status 429; proxy_pass http://127.0.0.1:{fast}; }}
        location /dropped {{ return 444; }}
        location /nosource {{ proxy_bind 192.0.2.1; proxy_pass http://127.0.0.1:{fast}; }}
        location /maintained {{ proxy_pass http://127.0.0.1:{dead}; error_page 502 =200 /maintenance; }}
        location /elsewhere {{ proxy_pass http://127.0.0.1:{dead}; error_page 502 http://www.example.com/; }}
        location /fallback {{ proxy_pass http://127.0.0.1:{dead}; error_page 502 = @spare; }}
        location /retried {{ proxy_next_upstream error timeout non_idempotent; proxy_pass http://halves; }}
        location /distant {{ proxy_pass http://127.0.0.1:{full}; }}
        location /fastcgi {{ fastcgi_pass 127.0.0.1:{closes}; }}
        location /asks {{ auth_request /asked; proxy_pass http://127.0.0.1:{fast}; }}
        location = /asked {{ internal; proxy_pass http://127.0.0.1:{hangs}; }}
        location @spare {{ proxy_pass http://127.0.0.1:{fast}; }}
        location /maintenance {{ return 200 "back soon"; }}
    }}
}}
"""


@dataclass
class Server:
    """A running nginx."""

    folder: Path
    port: int
    pushed: list[str] = field(default_factory=list)
    """The path of each push so far."""

    @property
    def access_log(self) -> Path:
        return self.folder / "access.log"

    @property
    def error_log(self) -> Path:
        return self.folder / "error.log"

    def push(self, path: str, openid: str, cut: float = 8.0, body: bytes = b"<xml/>") -> int | None:
        """One push as WeChat sends it; the status, or None when it was cut after `cut` seconds or broke off."""
        query = f"signature=0123abcd&timestamp={int(time.time())}&nonce=7&openid={openid}"
        self.pushed.append(path)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=cut)
        headers = {"Host": "wx.example.com", "User-Agent": "Mozilla/4.0", "Content-Type": "text/xml"}
        try:
            connection.request("POST", f"{path}?{query}", body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def settle(self, besides: int = 0) -> None:
        """Wait until the access log has a line of each push, and so many besides: nginx writes after it answers."""
        lines = len(self.pushed) + besides
        until = time.monotonic() + 30
        while (written := self.access_log.read_bytes().count(b"\n")) < lines:
            assert time.monotonic() < until, f"{written} lines in the access log of {lines}"
            time.sleep(0.02)


Answer = Callable[[socket.socket], None]


def reply(body: bytes, status: str = "200 OK", headers: bytes = b"", delay: float = 0.0) -> Answer:
    """An application that answers every request so."""

    def answer(client: socket.socket) -> None:
        client.recv(65536)
        time.sleep(delay)
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n".encode()
        client.sendall(head + headers + b"\r\n" + body)

    return answer


def begin(client: socket.socket) -> None:
    """Sends a header at once and a body never."""
    client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
    hang(client)


def hang(client: socket.socket) -> None:
    """Reads and never answers, until the other side goes."""
    client.settimeout(12)
    with contextlib.suppress(OSError):
        while client.recv(65536):
            pass


def reset(client: socket.socket) -> None:
    """Reads, then resets the connection."""
    client.recv(65536)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close(client: socket.socket) -> None:
    """Reads, then closes without a byte."""
    client.recv(65536)


APPS: dict[str, Answer] = {
    "fast": reply(b"success"),
    "quoted": reply(b'"success"'),
    "created": reply(b"success", "201 Created"),
    "broken": reply(b"KeyError: 'Content'", "500 Internal Server Error"),
    "sleeps": reply(b"success", delay=3.3),
    "bigheader": reply(b"success", headers=b"Set-Cookie: " + b"x" * 60_000 + b"\r\n"),
    "says502": reply(b"<html>gateway</html>", "502 Bad Gateway"),
    "empty502": reply(b"", "502 Bad Gateway"),
    "says504": reply(b"too late", "504 Gateway Time-out"),
    "badheader": reply(b"success", headers=b"no colon\r\n"),
    "page419": reply(b"x" * 1530, "419 Page Expired"),
    "challenge": reply(b"y" * 800),
    "empty": reply(b""),
    "begins": begin,
    "hangs": hang,
    "resets": reset,
    "closes": close,
}


class _App(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, answer: Answer) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    answer(self.request)

            def finish(self) -> None:
                self.request.close()  # at once: shutdown would hide a reset

        super().__init__(("127.0.0.1", 0), Handler)

    def shutdown_request(self, request: object) -> None:
        """The handler has closed it."""


@contextlib.contextmanager
def full_queue(family: int, address: object) -> Iterator[socket.socket]:
    """A listener whose accept queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family))
        listener.bind(address)  # type: ignore[arg-type]  # a path or a pair
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket(family))
            client.setblocking(False)
            with contextlib.suppress(OSError):
                client.connect(listener.getsockname())
        yield listener


@contextlib.contextmanager
def running(folder: Path, connections: int = 256, log_format: str = LOG_FORMAT) -> Iterator[Server]:
    """An nginx and its applications, until the with statement ends."""
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    folder.chmod(0o755)
    (folder / "html").mkdir()
    with contextlib.ExitStack() as stack:
        ports: dict[str, int] = {}
        for name, answer in APPS.items():
            app = stack.enter_context(_App(answer))
            threading.Thread(target=app.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            stack.callback(app.shutdown)
            ports[name] = app.server_address[1]
        ports["full"] = stack.enter_context(full_queue(socket.AF_INET, ("127.0.0.1", 0))).getsockname()[1]
        stack.enter_context(full_queue(socket.AF_UNIX, str(folder / "full.sock")))
        ports |= dict(zip(("port", "dead", "dead2"), free_ports(3), strict=True))
        user = f"user {pwd.getpwuid(os.getuid()).pw_name};" if os.getuid() == 0 else ""
        conf = folder / "nginx.conf"
        conf.write_text(CONF.format(log_format=log_format, folder=folder, user=user, connections=connections, **ports))
        process = subprocess.Popen([binary, "-c", conf, "-p", folder, "-e", folder / "error.log"])
        stack.callback(process.wait, 10)
        stack.callback(process.terminate)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ports["port"]), 1):
                break
            time.sleep(0.02)
        yield Server(folder, ports["port"])
