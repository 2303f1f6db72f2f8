"""The way of a push through servers: our route against a running nginx; what we cannot tell we do not claim."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.nginx.server import TEMPS, USER, ask, needs_nginx, running
from tests.ports import free_ports
from wxalarm.nginx import Config, parse
from wxalarm.nginx.request import Request
from wxalarm.nginx.routing import route

pytestmark = [pytest.mark.nginx, needs_nginx]

A, B = "proxy_pass http://127.0.0.1:AAA;", "proxy_pass http://127.0.0.1:BBB;"
MAPS = """
map $uri $new { default 0; /new 1; }
map $uri $once { default 0; /cb 1; }
map $uri $again { volatile; default 0; /cb 1; }
map $later $chained { default 0; yes 1; }
map $uri $later { /cb yes; }
map $uri $of_value { /cb $request_method; }
map $uri $posix { default 0; ~^/[[:alpha:]]+$ 1; }
map $kept $by_set { default 0; 1 1; }
geo $net { default 0; 127.0.0.0/8 1; }
"""
TOLD = {
    "map-of-a-rewritten-path": f"""rewrite ^/cb$ /new last;
        location /new {{ if ($new = 0) {{ return 403; }} {A} }}""",
    "map-keeps-its-first-value": f"""if ($once = 0) {{ return 404; }} rewrite ^/cb$ /new last;
        location /new {{ if ($once = 0) {{ return 403; }} {A} }}""",
    "map-volatile": f"""if ($again = 0) {{ return 404; }} rewrite ^/cb$ /new last;
        location /new {{ if ($again = 0) {{ return 403; }} {A} }}""",
    "map-of-a-later-map": f"location /cb {{ if ($chained) {{ return 403; }} {A} }}",
    "map-of-what-set-set": f"set $kept 1; location /cb {{ if ($by_set) {{ return 403; }} {A} }}",
    "map-to-a-variable": f"location /cb {{ if ($of_value = POST) {{ return 403; }} {A} }}",
    "error-page": f"location /cb {{ error_page 418 = @app; return 418; }} location @app {{ {A} }}",
    "error-page-of-the-server": f"""error_page 404 =200 /other; location = /cb {{ return 404; }}
        location /other {{ {A} }}""",
    "error-page-by-get": f"""error_page 404 = /other; location = /cb {{ return 404; }}
        location /other {{ if ($request_method = POST) {{ return 403; }} {A} }}""",
    "error-page-not-for-a-text": f"""error_page 404 = @app; location /cb {{ return 404 gone; }}
        location @app {{ {A} }}""",
    "error-page-once": "error_page 404 = @next; location /cb { return 404; } location @next { return 404; }",
    "error-page-again": f"""recursive_error_pages on; error_page 404 = @next; location /cb {{ return 404; }}
        location @next {{ error_page 404 = @app; return 404; }} location @app {{ {A} }}""",
    "error-page-keeps-the-status": f"error_page 404 @app; location /cb {{ return 404; }} location @app {{ {A} }}",
    "error-page-elsewhere": "error_page 404 = http://127.0.0.1/; location /cb { return 404; }",
    "error-page-after-try-files": f"""location /cb {{ try_files $uri =404; error_page 404 = @app; }}
        location @app {{ {A} }}""",
    "error-page-without-its-location": "error_page 404 = @gone; location /cb { return 404; }",
    "server-if-after-try-files": f"""if ($uri = /index.php) {{ return 403; }}
        location /cb {{ try_files $uri /index.php; }} location = /index.php {{ {A} }}""",
    "server-rewrite-after-try-files": f"""rewrite ^/index.php$ /new last; location /new {{ {A} }}
        location /cb {{ try_files $uri /index.php; }} location = /index.php {{ {B} }}""",
    "if-unknown-before-a-pass": f"location / {{ if ($ssl_protocol) {{ return 403; }} {A} }}",
    "last-true-if": f"""location /cb {{ if ($request_method = POST) {{ {A} }} if ($uri = /cb) {{ set $x 1; }} {B} }}""",
    "last-true-if-passes": f"""location /cb {{ if ($request_method = POST) {{ {B} }} if ($uri = /cb) {{ {A} }} }}""",
    "internal": f"location /cb {{ internal; {A} }}",
    "internal-after-a-rewrite": f"rewrite ^/cb$ /in last; location /in {{ internal; {A} }}",
    "internal-after-try-files": f"location /cb {{ try_files $uri /in; }} location /in {{ internal; {A} }}",
    "internal-after-an-error-page": f"""location /cb {{ internal; error_page 404 = /in; {B} }}
        location /in {{ internal; {A} }}""",
    "server-upper-case": f'server_name "~^SERVER-UPPER-CASE\\."; location / {{ {A} }}',
    "geo": f"location /cb {{ if ($net) {{ return 403; }} {A} }}",
}
"""Ways that we must know."""
PATTERNS = {
    "inline-flag": "^/(?i)CB$",
    "leading-flag": "(?i)^/CB$",
    "posix-class": "^/[[:alnum:]]+$",
    "posix-class-inside": "^/[c[:alnum:]]+$",
    "end-of-text": r"^/cb\z",
    "horizontal-blank": r"^/cb(?!\h)",
    "quoted-text": r"^\Q/cb\E$",
    "quoted-name": "^/(?'n'c)b$",
    "utf8": "(*UTF8)^/cb$",
    "start-again": r"^/cb\K",
    "vertical-blank": r"^/cb(?!\v)",
    "bracket-in-a-set": "^/[[c]b$",
    "unicode-letters": r"^/\w+$",
    "braces-as-text": "^/cb(?!{,3})",
}
"""Patterns of PCRE that Python lacks, reads in another way or warns of; each matches /cb."""
USES = {
    "location": f'location ~ "TEXT" {{ {A} }} location / {{ {B} }}',
    "rewrite": f'rewrite "TEXT" /new last; location /new {{ {A} }} location / {{ {B} }}',
    "if": f'location / {{ if ($uri ~ "TEXT") {{ rewrite ^ /new last; }} return 403; }} location /new {{ {A} }}',
}
UNTOLD = {
    **{
        f"{where}-{name}": body.replace("TEXT", text) for name, text in PATTERNS.items() for where, body in USES.items()
    },
    "map-pattern": f"location / {{ if ($posix) {{ rewrite ^ /new last; }} return 403; }} location /new {{ {A} }}",
    "server-inline-flag": f'server_name "~^server-(?i)INLINE-flag\\."; location / {{ {A} }}',
    "server-posix-class": f'server_name "~^server-[[:alpha:]]+-class\\."; location / {{ {A} }}',
    "error-page-for-a-redirect": f"error_page 301 = @app; location /cb {{ return 301 /x; }} location @app {{ {A} }}",
    "error-page-with-another-status": f"""error_page 404 =503 @app; location /cb {{ return 404; }}
        location @app {{ {A} }}""",
    "error-page-of-a-file": "error_page 404 =200 /sorry.html; location /cb { return 404; }",
    "error-page-of-a-variable": f"error_page 404 = $cookie_a/x; location /cb {{ return 404; }} location /x {{ {A} }}",
}
"""Ways that we need not know; but what we say must be true."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, int, dict[str, str]]]:
    """One nginx with a server for each way; (its configuration, its port, the mark of each backend by its address)."""
    folder = tmp_path_factory.mktemp("ways")
    port, *backs = free_ports(3)
    marks = {f"127.0.0.1:{back}": mark for back, mark in zip(backs, ("AAA", "BBB"), strict=True)}
    (folder / "root").mkdir()
    (folder / "root" / "sorry.html").write_text("sorry")
    text = f"{USER}events {{ worker_connections 64; }} http {{ {TEMPS} access_log off; root {folder}/root;\n{MAPS}"
    for back, mark in zip(backs, marks.values(), strict=True):
        text += f"server {{ listen 127.0.0.1:{back}; return 200 {mark}; }}\n"
    for name, body in {**TOLD, **UNTOLD}.items():
        head = "" if "server_name" in body else f"server_name {name}.example.com;"
        for back, mark in zip(backs, marks.values(), strict=True):
            body = re.sub(rf"\b{mark}\b", str(back), body)
        text += f"server {{ listen 127.0.0.1:{port}; {head}\n{body}\n}}\n"
    conf = folder / "nginx.conf"
    conf.write_text(text + "}\n", "utf-8")
    with running(folder, conf, [port]):
        yield parse(conf.read_text("utf-8")), port, marks


@pytest.mark.parametrize("name", [*TOLD, *UNTOLD])
def test_the_way_is_that_of_nginx(name: str, world: tuple[Config, int, dict[str, str]]) -> None:
    config, port, marks = world
    host = f"{name}.example.com"
    status, _, body = ask(port, "/cb", host, method="POST", body=b"<xml/>")
    found = route(config, Request(host, "/cb", port=port, remote="127.0.0.1", address="127.0.0.1"))
    if found is None or found.outcome.kind == "unknown":
        assert name in UNTOLD
        return
    outcome = found.outcome
    if outcome.kind == "pass":
        said: object = (200, marks[(outcome.target or "").removeprefix("http://")])
    else:
        said = {"static": 404, "slash": 301, "cycle": 500}.get(outcome.kind, outcome.status)
    assert said == ((status, body.decode()) if outcome.kind == "pass" else status), outcome
