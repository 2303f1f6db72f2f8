"""nginx configurations with one fault each, and what a real nginx does with them.

APP stands for the port of an application that answers `success`, SLOW for one that takes 2 s, DEAD for one where
nothing listens, PORT for nginx's own, DIR for the test's folder.
"""

from __future__ import annotations

from dataclasses import dataclass

TIMED = (
    """log_format timed '$remote_addr [$time_local] "$request" $status "$upstream_addr" $upstream_status """
    """$request_time $upstream_response_time'; access_log DIR/logs/access.log timed;"""
)


@dataclass(frozen=True)
class Case:
    """One fault: the code that the check must give, and what a push to the callback gets from nginx."""

    code: str
    server: str
    """Inside the server block."""
    gets: int
    """Status of a push to /callback; 0: the connection is closed without an answer."""
    http: str = ""
    main: str = "worker_processes 1;"
    events: str = "worker_connections 1024;"
    heals: int | None = 200
    """What the same push gets after the edit of the finding; None: the finding has no edit that would change it."""
    log: str = TIMED
    names: str = "wx.example.com"


TO_APP = "proxy_pass http://127.0.0.1:APP;"
PASS = f"location / {{ {TO_APP} }}"
SLOWLY = "location / { proxy_pass http://127.0.0.1:SLOW; }"
CASES = {
    "healthy": Case("", PASS, 200),
    "healthy-callback-only": Case("", f"location = /callback {{ {TO_APP} }}\nlocation / {{ deny all; }}", 200),
    "healthy-limits": Case(
        "",
        f"client_max_body_size 2m; limit_req zone=z burst=500 nodelay;\n{PASS}",
        200,
        http="limit_req_zone $binary_remote_addr zone=z:1m rate=500r/s;",
    ),
    "deny": Case(
        "nginx-denied",
        f"location / {{\n    allow 192.0.2.0/24;\n    deny all;\n    {TO_APP}\n}}",
        403,
    ),
    "deny-and-error-page": Case(
        "", f"location / {{ error_page 403 = @app; deny all; }}\nlocation @app {{ allow all; {TO_APP} }}", 200
    ),
    "deny-in-http": Case("nginx-denied", PASS, 403, http="deny 127.0.0.0/8;"),
    "geo": Case(
        "nginx-denied",
        f"if ($blocked) {{\n        return 403;\n    }}\n    {PASS}",
        403,
        http="geo $blocked { default 0; 127.0.0.0/8 1; }",
    ),
    "auth-basic": Case(
        "nginx-denied",
        f'location / {{\n    auth_basic "site";\n    auth_basic_user_file DIR/users;\n    {TO_APP}\n}}',
        401,
    ),
    "limit-except": Case(
        "nginx-denied",
        "location / {\n    limit_except GET { deny all; }\n    proxy_pass http://127.0.0.1:APP;\n}",
        403,
        heals=200,
    ),
    "https": Case("nginx-redirect", "return 301 https://$host$request_uri;\n" + PASS, 301),
    "rewrite": Case("nginx-redirect", "rewrite ^/callback$ /new/callback permanent;\n" + PASS, 301),
    "slash": Case("nginx-redirect", "location /callback/ {\n    proxy_pass http://127.0.0.1:APP;\n}", 301),
    "slash-with-quotes": Case(
        "nginx-redirect",
        f"""location /callback/ {{ proxy_set_header Connection ""; proxy_set_header X-A "a b"; {TO_APP} # a note
        }}""",
        301,
    ),
    "slash-fastcgi": Case(
        "nginx-redirect",
        "location /callback/ {\n    fastcgi_param REQUEST_METHOD $request_method;\n    fastcgi_pass 127.0.0.1:DEAD;\n}",
        301,
        heals=502,
    ),
    "slash-with-a-location-inside": Case(
        "nginx-redirect", f"location /callback/ {{ location /callback/x {{ deny all; }} {TO_APP} }}", 301, heals=None
    ),
    "connect-timeout-in-an-if": Case(
        "nginx-connect-timeout",
        "location / { if ($request_method = POST) { proxy_pass http://up; } }",
        200,
        http="upstream up { server 127.0.0.1:APP; server 127.0.0.1:APP; }",
    ),
    "return-404": Case("nginx-return", f"{PASS}\nlocation = /callback {{\n    return 404;\n}}", 404, heals=None),
    "static": Case("nginx-static", "location / { root DIR/www; }", 404, heals=None),
    "static-with-a-page-for-people": Case(
        "nginx-static", "root DIR/www; error_page 404 /sorry.html; location / { index sorry.html; }", 404, heals=None
    ),
    "try-files-of-a-front-end": Case(
        "nginx-static", "root DIR/www; location / { try_files $uri $uri/ /sorry.html; }", 405, heals=None
    ),
    "name-with-a-path": Case("nginx-name-path", PASS, 200, names="wx.example.com/callback"),
    "try-files": Case("nginx-return", "location / { root DIR/www; try_files $uri =404; }", 404, heals=None),
    "body": Case("nginx-body-size", f"client_max_body_size 1k;\n{PASS}", 413),
    "read-timeout": Case(
        "nginx-proxy-timeout", "location / {\n    proxy_pass http://127.0.0.1:SLOW;\n    proxy_read_timeout 1s;\n}", 504
    ),
    "error-page": Case(
        "nginx-error-page",
        "error_page 502 =200 /sorry.html;\nlocation = /sorry.html { root DIR/www; }\n"
        "location / { proxy_pass http://127.0.0.1:DEAD; }",
        200,
        heals=502,
    ),
    "error-page-on-one-line": Case(
        "nginx-error-page",
        "location = /sorry.html { root DIR/www; }\n"
        "location / { error_page 502 =200 /sorry.html; proxy_pass http://127.0.0.1:DEAD; }",
        200,
        heals=502,
    ),
    "rate-on-one-line": Case(
        "nginx-rate-limit",
        f"location / {{ limit_req zone=z burst=5; {TO_APP} }}",
        200,
        http="limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s;",
    ),
    "rate-over-lines": Case(
        "nginx-rate-limit",
        f"location / {{\n    limit_req\n        zone=z\n        burst=5; # a note\n    {TO_APP}\n}}",
        200,
        http="limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s;",
    ),
    "combined": Case("nginx-log-times-missing", PASS, 200, log="access_log DIR/logs/access.log;"),
    "no-access-log": Case("nginx-log-times-missing", PASS, 200, log=""),
    "log-with-a-flag": Case(
        "nginx-log-times-missing",
        PASS,
        200,
        log="log_format short '$remote_addr'; access_log DIR/logs/a.gz short gzip flush=5m;",
    ),
    "log-in-quotes": Case(
        "nginx-log-times-missing",
        PASS,
        200,
        log="""log_format short '$remote_addr'; access_log "DIR/logs/a \\"b\\" c.log" short;""",
    ),
    "log-format-name-taken": Case(
        "nginx-log-times-missing",
        PASS,
        200,
        log="log_format wechat '$remote_addr'; access_log DIR/logs/access.log wechat;",
    ),
    "log-format-defined-below": Case(
        "nginx-log-times-missing",
        PASS,
        200,
        log="access_log DIR/logs/access.log;",
        http=TIMED.replace("timed", "wechat").partition(" access_log")[0],
    ),
    "log-off": Case("nginx-log-off", f"access_log off;\n{PASS}", 200),
    "other-name": Case("nginx-server-name", PASS, 200, names="other.example.com", heals=None),
}
"""Faults that one push shows."""
BROKEN = {
    "missing-semicolon": ("nginx-invalid", "worker_processes 1\nevents { }\nhttp { }\n"),
    "unknown-directive": ("nginx-invalid", "worker_proceses 1;\nevents { }\nhttp { }\n"),
    "missing-brace": ("nginx-invalid", "events { }\nhttp { server { listen PORT; }\n"),
    "missing-include": ("nginx-invalid", "events { }\nhttp { include DIR/gone.conf; }\n"),
    "slash-comment": (
        "nginx-slash-comment",
        "events { }\nhttp {\n    // one\n    server { listen 127.0.0.1:PORT; } // two\n}\n",
    ),
}
"""What nginx does not load."""


def text_of(case: Case) -> str:
    """The whole configuration, with its placeholders."""
    return f"""\
{case.main}
events {{
    {case.events}
}}
http {{
    TEMPS
    {case.log}
    {case.http}
    server {{
        listen 127.0.0.1:PORT;
        server_name {case.names};
        {case.server}
    }}
}}
"""
