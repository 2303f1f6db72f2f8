"""Configuration of other servers and programs, which is not read here: by what it cannot be nginx's."""

from __future__ import annotations

import re

from wxalarm.patterns import later

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
_STATEMENT = later(r"^[^#\n]*[;{}][ \t\r]{0,40}(?:#[^\n]*)?$", re.M)
_DOCUMENT = later(r"\s{0,400}(?:[{\[]\s{0,400}[\"\]}{]|---|<\?xml|<!DOCTYPE|<html)", re.I)
_TEXT = later(r"^[ \t\ufeff]*+[^\s#]", re.M)
"""Anything but comments."""
_SITE = re.compile(r"^[^\s#;{}][^;{}\n]{0,200}\{[ \t]{0,40}$", re.M)


def foreign(text: str) -> str | None:
    """Whose configuration a text is (apache, caddy, or other: HAProxy's, YAML, a page, prose); None when it may be
    nginx's, of which every directive ends in a semicolon or a block."""
    head = text[:SEARCHED]
    if _APACHE.search(head):
        return "apache"
    if ";" not in re.sub(r"#[^\n]*", "", head) and _CADDY.search(head) and _SITE.search(head):
        return "caddy"
    if _DOCUMENT.match(head) or (_TEXT.search(head) and not _STATEMENT.search(head)):
        return "other"
    return None
