"""Scenarios of the server itself: the callback answers, but its nginx.conf cannot load, or cannot hold the pushes."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from wxalarm.config import Host, Settings
from wxalarm.lab import http
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import REQUEST_TIMEOUT, staged

GUIDE_SAMPLE = """\
worker_processes  16;  //CPU核数
error_log  logs/error.log  info;  //错误日志log
worker_rlimit_nofile 102400;  //打开最大句柄数
events {
    worker_connections  102400;  //允许最大连接数
}
http {
    //请求日志记录，关键字段：request_time-请求总时间，upstream_response_time后端处理时间
    log_format  main  '$remote_addr  - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for" "$host"  "$cookie_ssl_edition" '
                      '"$upstream_addr"   "$upstream_status"  "$request_time"  '
                      '"$upstream_response_time" ';
    access_log  logs/access.log  main;
    server {
        listen PORT;
        server_name wx.example.com;
        location / {
            proxy_pass http://127.0.0.1:8080;
        }
    }
}
"""
"""nginx.conf as the guide prints it (附录 3), with a server of ours. nginx does not load it: comments begin with #."""
TOO_FEW = """\
worker_processes 1;
events {
    worker_connections 256;
}
http {
    log_format timed '$remote_addr [$time_local] "$request" $status "$upstream_addr" $upstream_status '
                     '$request_time $upstream_response_time';
    access_log access.log timed;
    server {
        listen PORT;
        server_name wx.example.com;
        location / {
            proxy_pass http://127.0.0.1:8080;
        }
    }
}
"""


def _stage(text: str, count: int = 37) -> AbstractAsyncContextManager[Staged]:
    """A callback that answers, and the configuration in a folder of its own; PORT stands for the callback's port."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[Staged]:
        with tempfile.TemporaryDirectory(prefix="wxalarm-") as folder:
            (Path(folder) / "logs").mkdir()
            conf = Path(folder) / "nginx.conf"
            async with http.serve(http.respond()) as port:
                conf.write_text(text.replace("PORT", str(port)), "utf-8")
                settings = Settings(host=Host(nginx_conf=str(conf)))
                made = staged(REQUEST_TIMEOUT, port, count=count, settings=settings)
                mass = made.text.replace("[MsgType=1][Msg=Text]", "[Event=Template Send Job Finish]")
                yield dataclasses.replace(made, text=mass)

    return stage()


SCENARIOS = (
    Scenario("guide-sample", "nginx-slash-comment", lambda: _stage(GUIDE_SAMPLE)),
    Scenario("mass-message", "nginx-connections-low", lambda: _stage(TOO_FEW, 17880)),
)
