"""Texts of other servers, and of nginx, that look a little like each other."""

from __future__ import annotations

import pytest

from wxalarm.nginx.foreign import foreign


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("<VirtualHost *:443>\nServerName a\n</VirtualHost>", "apache"),
        ("RewriteEngine On\nRewriteRule ^(.*)$ index.php [L]\n", "apache"),
        ("# site\nServerRoot /etc/httpd\n", "apache"),
        ("wx.example.com {\n\treverse_proxy localhost:8080\n}\n", "caddy"),
        ("{\n\temail a@example.com\n}\n\n:80 {\n\troot * /srv\n\tfile_server\n}\n", "caddy"),
        ("server {\n    listen 80;\n    location / { proxy_pass http://a; }\n}\n", None),
        ("location / {\n    rewrite ^ /index.php last;\n}\n", None),
        ("# <VirtualHost *:80> was here\nserver { listen 80; }\n", None),
        ("events {\n}\nhttp {\n    server { tls on; }\n}\n", None),
        ("", None),
        ("services:\n  web:\n    image: nginx:1.25\n    ports: ['80:80', '443:443']\n", "other"),
        ('{"server": {"port": 8080, "path": "/a;b"}}\n', "other"),
        ("<!DOCTYPE html>\n<html><body>502</body></html>\n", "other"),
        ("[server]\nport = 8080\n", "other"),
        ("frontend http\n  bind *:80\n  default_backend app\nbackend app\n  server s1 127.0.0.1:8080\n", "other"),
        ("hello world\n", "other"),
        ("# only a comment\n\n", None),
        ("proxy_read_timeout 10s;  # seconds\n", None),
        ("server { listen 80; location / { return 200; } }", None),
        ("log_format main '$remote_addr: $status';\n", None),
        ("upstream app { server 127.0.0.1:8080; }\n", None),
        ("include sites/*.conf;\nmap $a $b {\n  default: 1;\n}\n", None),
    ],
)
def test_whose_configuration_a_text_is(text: str, owner: str | None) -> None:
    assert foreign(text) == owner


@pytest.mark.parametrize("part", ["a {\n", "reverse_proxy ", "<", "# ;\n", " "])
def test_only_the_beginning_is_looked_at(part: str) -> None:
    assert foreign(part * 2_000_000) in (None, "other")
