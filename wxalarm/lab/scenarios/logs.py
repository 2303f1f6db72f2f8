"""Scenarios of the logs: the callback answers well now; what went wrong then stands in files only."""

from __future__ import annotations

import dataclasses
import gzip
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path

from wxalarm.config import Host, Settings
from wxalarm.lab import http
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import INVALID_RESPONSE, REQUEST_TIMEOUT, staged
from wxalarm.model import BEIJING

FORMAT = (
    '[$time_iso8601] "$request" $status $body_bytes_sent $request_time "$upstream_addr" "$upstream_status" '
    '"$upstream_connect_time" "$upstream_header_time" "$upstream_response_time"'
)
APPLICATION = "127.0.0.1:8001"
"""Where nginx, which is not here, passed the pushes to."""
IMPATIENT = """\
worker_processes 4;
events {
    worker_connections 10240;
}
http {
    log_format timed 'FORMAT';
    access_log access.log timed;
    server {
        listen PORT;
        server_name lab.example.com;
        location / {
            proxy_pass http://APPLICATION;
            proxy_read_timeout 4s;
        }
    }
}
"""
ANSWERED = f'200 7 0.004 "{APPLICATION}" "200" "0.000" "0.004" "0.004"'
"""Of a line of the access log, what is behind the request."""
Write = Callable[[Path, int, int], Host]
"""write(folder, stamp, port): writes files about a push of that second; which are which."""


def _openid(text: str) -> str:
    found = re.search(r"OpenID=(\w+)", text)
    return found[1] if found else ""


OPENID = _openid(staged(INVALID_RESPONSE, 80).text)
"""The alarm's."""


def _stage(description: str, write: Write, reason: str = "") -> AbstractAsyncContextManager[Staged]:
    """A callback that answers, an alarm of some minutes ago, and the files of that time."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[Staged]:
        with tempfile.TemporaryDirectory(prefix="wxalarm-") as folder:
            async with http.serve(http.respond()) as port:
                made = staged(description, port, reason=reason)
                stamp = re.search(r"Stamp=(\d+)", made.text)
                assert stamp is not None
                host = write(Path(folder), int(stamp[1]), port)
                yield dataclasses.replace(made, settings=Settings(host=host))

    return stage()


def _access(at: float, behind: str, openid: str = "", stamp: int = 0) -> str:
    """A line that was written at a time, about a push of `stamp`; of somebody else's when there is no openid."""
    when = datetime.fromtimestamp(at, BEIJING).isoformat(timespec="seconds")
    user = openid or f"oBBBBBBBBBBBBBBBBBBBB{int(at) % 10**7:07d}"
    query = f"signature=0&timestamp={stamp or int(at)}&nonce=7&openid={user}"
    return f'[{when}] "POST /wechat/callback?{query} HTTP/1.1" {behind}\n'


def _access_log(folder: Path, stamp: int, own: str, took: float = 0.0) -> Host:
    """A log of an hour in which the alarm's own push ended so."""
    lines = [(at, _access(at, ANSWERED)) for at in range(stamp - 3000, stamp + 600, 5)]
    lines.append((round(stamp + took), _access(stamp + took, own, OPENID, stamp)))
    path = folder / "access.log"
    path.write_text("".join(line for _, line in sorted(lines)))
    return Host(access_log=(str(path),), log_format=FORMAT)


def _error_log(folder: Path, stamp: int, at: float, message: str) -> str:
    when = datetime.fromtimestamp(at, BEIJING).strftime("%Y/%m/%d %H:%M:%S")
    target = f"/wechat/callback?signature=0&timestamp={stamp}&nonce=7&openid={OPENID}"
    path = folder / "error.log"
    path.write_text(
        f"{when} [error] 7#7: *5 {message}, client: 203.0.113.7, server: lab.example.com, "
        f'request: "POST {target} HTTP/1.1", upstream: "http://{APPLICATION}{target}", host: "lab.example.com"\n'
    )
    return str(path)


def _refused(folder: Path, stamp: int, port: int) -> Host:
    own = f'502 157 0.000 "{APPLICATION}" "502" "-" "-" "0.000"'
    message = "connect() failed (111: Connection refused) while connecting to upstream"
    host = _access_log(folder, stamp, own)
    return dataclasses.replace(host, error_log=(_error_log(folder, stamp, stamp, message),))


def _impatient(folder: Path, stamp: int, port: int) -> Host:
    own = f'504 167 4.001 "{APPLICATION}" "504" "0.000" "-" "4.001"'
    message = "upstream timed out (110: Connection timed out) while reading response header from upstream"
    host = _access_log(folder, stamp, own, took=4)
    conf = folder / "nginx.conf"
    text = IMPATIENT.replace("PORT", str(port)).replace("APPLICATION", APPLICATION).replace("FORMAT", FORMAT)
    conf.write_text(text)
    error = _error_log(folder, stamp, stamp + 4, message)
    return dataclasses.replace(host, error_log=(error,), nginx_conf=str(conf))


def _replaced(folder: Path, stamp: int, port: int) -> Host:
    return _access_log(folder, stamp, ANSWERED.replace("200 7 ", "200 800 "))


def _rotated(folder: Path, stamp: int, port: int) -> Host:
    """Forty parts of an hour each, compressed, all of them copied today; the push is in the seventh."""
    own = _access(stamp + 5, f'499 0 5.001 "{APPLICATION}" "-" "0.000" "-" "5.001"', OPENID, stamp)
    for number in range(1, 41):
        first = stamp + (7 - number) * 3600 - 1800
        lines: Iterable[str] = (_access(at, ANSWERED) for at in range(first, first + 3600, 20))
        if number == 7:
            lines = sorted([*lines, own])
        with gzip.open(folder / f"access.log.{number}.gz", "wt", 1) as file:
            file.writelines(lines)
    return Host(access_log=(str(folder / "access.log.*.gz"),), log_format=FORMAT)


def _not_listed(folder: Path, stamp: int, port: int) -> Host:
    own = f'500 21 0.310 "{APPLICATION}" "500" "0.000" "0.310" "0.310"'
    when = datetime.fromtimestamp(stamp, BEIJING).isoformat()
    thread = "[http-nio-8001-exec-3]"
    path = folder / "app.log"
    path.write_text(
        f"{when} {thread} INFO  push from {OPENID}\n"
        f"{when} [http-nio-8001-exec-4] INFO  scheduled job\n"
        f"{when} {thread} INFO  asks /cgi-bin/user/info\n"
        f'{when} {thread} WARN  {{"errcode":40164,"errmsg":"invalid ip 203.0.113.9, not in whitelist"}}\n'
    )
    return dataclasses.replace(_access_log(folder, stamp, own), app_log=(str(path),))


SCENARIOS = (
    Scenario("application-refuses", "errlog-refused", lambda: _stage(INVALID_RESPONSE, _refused, "[http code=502]")),
    Scenario("proxy-gives-up", "nginx-proxy-timeout", lambda: _stage(INVALID_RESPONSE, _impatient, "[http code=504]")),
    Scenario(
        "answer-replaced",
        "log-answer-differs",
        lambda: _stage(INVALID_RESPONSE, _replaced, "[response_length=0][response_content=]"),
        only=("access-log",),
    ),
    Scenario("logs-copied", "log-client-gave-up", lambda: _stage(REQUEST_TIMEOUT, _rotated)),
    Scenario("api-refuses-ip", "app-log-error", lambda: _stage(INVALID_RESPONSE, _not_listed, "[http code=500]")),
)
