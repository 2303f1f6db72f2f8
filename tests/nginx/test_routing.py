"""Which server and which location answer: our search against a running nginx, on 240 generated sets."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.nginx.routes import Set, requests
from tests.nginx.server import TEMPS, USER, ask, needs_nginx, running
from tests.ports import free_ports
from wxalarm.nginx import parse
from wxalarm.nginx.request import Request
from wxalarm.nginx.routing import Route, route

pytestmark = [pytest.mark.nginx, needs_nginx, pytest.mark.slow]

BATCH = 24
ASKED = 16


FILES = {"/": (403, ""), "/callback": (200, "file")}
"""What the root folder holds: a try_files that falls back to its own path finds it, as it does in real life."""


def said(found: Route | None) -> tuple[int, str]:
    """What our route says that nginx answers: (status, mark)."""
    if found is None:
        return -1, "no server"
    outcome = found.outcome
    if outcome.kind == "return":
        return outcome.status or 0, (outcome.target or "") if outcome.status == 200 else ""
    if outcome.kind == "static" and found.path in FILES:
        return FILES[found.path]
    return {"pass": 502, "slash": 301, "static": 404, "cycle": 500, "redirect": 302}[outcome.kind], ""


@pytest.mark.parametrize("first", range(0, 240, BATCH))
def test_server_and_location_are_those_of_nginx(first: int, tmp_path: Path) -> None:
    differ: list[str] = []
    with contextlib.ExitStack() as stack:
        ports = free_ports(2 * BATCH)
        sets = [Set(first + index, ports[2 * index], ports[2 * index + 1]) for index in range(BATCH)]
        head = f"{USER}worker_processes 1; events {{ worker_connections 512; }}\n"
        http = f"http {{ {TEMPS} access_log off; default_type text/plain; root {tmp_path}/root;\n"
        (tmp_path / "root").mkdir()
        (tmp_path / "root" / "callback").write_text("file")
        main = tmp_path / "nginx.conf"
        main.write_text(head + http + "".join(one.text for one in sets) + "}\n", "utf-8")
        stack.enter_context(running(tmp_path, main, [port for one in sets for port in one.ports]))
        for one in sets:
            config = parse(head + http + one.text + "}\n")
            assert not config.problems
            for address, host, target, which in requests(one.seed, ASKED):
                port = one.ports[which]
                try:
                    status, _, body = ask(port, target, host, address)
                except ConnectionRefusedError:
                    continue  # nothing listens on that address
                mark = body.decode() if status == 200 else ""
                ours = said(route(config, Request(host, target, port=port, method="GET", address=address)))
                if status == 400:
                    continue  # the request line itself is wrong
                if ours != (status, mark):
                    differ.append(f"{one.seed}: {host} {address}:{which} {target}: nginx {status} {mark}, we {ours}")
    assert not differ, "\n".join(differ)
