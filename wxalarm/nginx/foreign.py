"""Configuration of other servers, which is not read here: by what it cannot be nginx's."""

from __future__ import annotations

import re

SEARCHED = 1 << 16
"""Characters of a text that are looked at."""
_APACHE = re.compile(
    r"^[ \t]{0,40}(?:</?(?:VirtualHost|Directory|Location|IfModule|Files|LocationMatch|DirectoryMatch)\b"
    r"|(?:RewriteEngine|ServerRoot|DocumentRoot|ProxyPassReverse|LoadModule|ServerAdmin|AllowOverride)[ \t])",
    re.I | re.M,
)
_CADDY = re.compile(
    r"^[ \t]{0,40}(?:reverse_proxy|php_fastcgi|file_server|encode|handle(?:_path)?|respond|redir|tls)\b[^;\n]{0,400}$",
    re.M,
)
_SITE = re.compile(r"^[^\s#;{}][^;{}\n]{0,200}\{[ \t]{0,40}$", re.M)


def foreign(text: str) -> str | None:
    """Whose configuration a text is ("apache" or "caddy"); None when it may be nginx's."""
    head = text[:SEARCHED]
    if _APACHE.search(head):
        return "apache"
    if ";" not in re.sub(r"#[^\n]*", "", head) and _CADDY.search(head) and _SITE.search(head):
        return "caddy"
    return None
