"""Planted secrets: places where they stand × kinds of them × spellings of the whole. Made up, every one."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import quopri
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

WEAK = {
    "token": "weChatT0ken9",
    "password": "hunter2-Kq",
    "words": "correcthorse",
    "marks": "P4s!w%rd~x",
}
"""What only its name gives away."""
STRONG = {
    "appid": "wx7d2f0a91c35be846",
    "openid": "oR5GjT8mQwZ1xV-b7Kc_d3Hs0LpY",
    "account": "gh_7ab3d09e1f52",
    "transaction": "4200001829202611285573019462",
    "ipv4": "203.0.113.9",
    "ipv6": "2001:db8:77aa:1::9",
    "signature": "8c1f0e7ad93b26545fae0b71c2d9e83f60a7b418",
    "appsecret": "9f3c1d7e5b8a4026d1e0f7c3b2a59864",
    "aeskey": "kQ7wZx2Rf9TnVb4Hm1Lc8Yd5Ju3Gs6Pa0EoIiNt7XqW",
    "accesstoken": "57_" + "aZ3kQ7-wZx2R_f9TnVb4Hm1Lc8Yd5" * 4,
    "ticket": "ticket@@@Vb4Hm1Lc8Yd5-Ju3Gs6Pa0EoIi_Nt7XqWkQ7wZx2Rf9Tn",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFW",
    "session": "k3JdQ0vR8sLw2XbN7tZp5YcM",
}
"""What gives itself away wherever it stands."""
NAMED = {
    "query": "GET /wx/in?token={}&timestamp=1767240000 HTTP/1.1",
    "access-token": "https://api.weixin.qq.com/cgi-bin/x?access_token={}",
    "form": "grant_type=client_credential&secret={}&x=1",
    "unknown-key": "https://wx.example.com/in?id=1&zebra={}",
    "cookie": "Cookie: PHPSESSID={}; lang=zh",
    "set-cookie": "Set-Cookie: sid={}; Path=/; HttpOnly",
    "cookie-alone": "cookie: {}",
    "json": '{{"errcode": 0, "access_token": "{}", "expires_in": 7200}}',
    "json-unknown": '{{"code": 0, "zebra": "{}"}}',
    "json-camel": '{{"appSecret":"{}"}}',
    "php-array": "'encoding_aes_key' => '{}',",
    "print-r": "    [component_verify_ticket] => {}",
    "define": "define('TOKEN','{}');",
    "define-spaced": 'define( "WX_APPSECRET" , "{}" );',
    "assignment": "$token = '{}';",
    "env": "WX_AES_KEY={}",
    "export": "export WECHAT_SECRET={}",
    "ini": "db.password = {}",
    "yaml": "  app_secret: {}",
    "aeskey": "AESKey: {}",
    "aeskey-equals": "AESKey: abcdef={}",
    "chinese": "密钥：{}",
    "properties": "spring.datasource.password={}",
    "js": "const cfg = {{ token: '{}' }}",
    "nginx-header": "proxy_set_header X-Token {};",
    "nginx-header-quoted": 'proxy_set_header X-Api-Key "{}";',
    "nginx-unknown-header": "proxy_set_header X-Zebra {};",
    "nginx-param": "fastcgi_param WX_TOKEN {};",
    "nginx-if": 'if ($arg_token != "{}") {{ return 403; }}',
    "nginx-if-bare": "if ($http_x_zebra = {}) {{ return 403; }}",
    "nginx-set": "set $wx_secret {};",
    "nginx-add": 'add_header X-Debug-Token "{}";',
    "nginx-link": "secure_link_secret {};",
    "basic": "Authorization: Basic {}",
    "bearer": "Authorization: Bearer {}",
    "bearer-inside": "curl -H 'Authorization: Bearer {}' https://wx.example.com/",
    "api-key-header": "X-Api-Key: {}",
    "unknown-header": "X-Zebra: {}",
    "pdo": "PDO->__construct('mysql:host=127.0.0.1;dbname=wx', 'wxuser', '{}')",
    "mysqli": 'mysqli_connect("localhost", "wxuser", "{}", "wx")',
    "dsn-password": "mysql:host=127.0.0.1;password={}",
    "userinfo": "proxy_pass http://wxuser:{}@backend.example.com:8080/;",
    "redis": "redis://:{}@192.0.2.77:6379/0",
    "go-dsn": "wxuser:{}@tcp(db.example.com:3306)/wx",
    "xml": "<Token>{}</Token>",
    "xml-unknown": "<xml><Zebra>{}</Zebra></xml>",
    "xml-cdata": "<xml><SuiteTicket><![CDATA[{}]]></SuiteTicket></xml>",
    "xml-cut": "<xml><AppSecret><![CDATA[{}",
    "html-input": '<input type="hidden" name="csrf_token" value="{}">',
    "option": "mysql --password={} -h db",
    "curl-user": "curl -u wxuser:{} https://wx.example.com/",
    "python": "{{'session_key': '{}', 'expires_in': 7200}}",
    "java": "WxMpConfig(appId=null, secret={}, aesKey=null)",
    "log": '2026-01-01T12:00:00Z level=error passwd="{}" msg="login failed"',
    "redis-conf": "requirepass {}9",
    "array": "user[id]=1&token[]={}",
    "mysql": "sh: 1: mysqldump -uroot -p{} wx: not found",
    "sshpass": "sshpass -p {} ssh root@192.0.2.77",
    "sql": "CREATE USER 'wx'@'%' IDENTIFIED BY '{}'",
}
ANYWHERE = {
    "alone": "{}",
    "path": "https://wx.example.com/cb/{}/in?a=1",
    "english": "the value {} was refused by the server",
    "chinese": "给{}发的消息",
    "quoted": 'got "{}" instead',
    "group": "[Foo={}][http code=404]",
    "nickname": "昵称: 示例 {} 小店",
    "client": "2026/01/01 12:00:00 [error] 7#7: *5 refused, client: {}, server: wx.example.com",
    "content": "<xml><Content><![CDATA[you are {} now]]></Content></xml>",
    "title": "<html><title>{}</title></html>",
    "stack": "at Handler.run({}) in /srv/app/wx.py:12",
}
LATER = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


class Planted(NamedTuple):
    """A text with a secret in it."""

    name: str
    text: str
    secret: str


def planted() -> Iterator[Planted]:
    """Every place with every kind that it may hold."""
    for place, template in NAMED.items():
        for kind, secret in (WEAK | {"appsecret": STRONG["appsecret"], "accesstoken": STRONG["accesstoken"]}).items():
            if kind == "marks" and place in URLS:
                secret = quote(secret, safe="")
            elif kind == "marks" and place in BARE:
                continue
            if kind == "words" and place in PROSE:
                continue
            yield Planted(f"{place}-{kind}", template.format(secret), secret)
    for place, template in ANYWHERE.items():
        for kind, secret in STRONG.items():
            yield Planted(f"{place}-{kind}", template.format(secret), secret)


URLS = {"array", "query", "access-token", "form", "unknown-key", "userinfo", "redis", "go-dsn"}
BARE = {"nginx-if-bare", "java"}
PROSE = {"bearer-inside"}


def _escaped(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(char)) if ord(char) < 128 else char for char in text)


def _utf8(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(octet) for octet in text.encode())


def _entities(text: str) -> str:
    names = {":": "&colon;", "=": "&equals;", ".": "&period;", "/": "&sol;", "_": "&lowbar;", "@": "&commat;"}
    return "".join(names.get(char, html.escape(char)) for char in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent-all": _utf8("%{:02X}"),
    "percent-twice": lambda text: quote(quote(text, safe=""), safe=""),
    "json-string": json.dumps,
    "json-escapes": _escaped("\\u{:04x}"),
    "json-in-json": lambda text: json.dumps({"raw": json.dumps({"raw": text})}),
    "html-decimal": _escaped("&#{};"),
    "html-hex": _escaped("&#x{:X};"),
    "html-named": _entities,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64-lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "utf-16": lambda text: text.encode("utf-16-le").decode("latin-1") if text.isascii() else text,
    "quoted-printable": lambda text: quopri.encodestring(text.encode(), quotetabs=True).decode(),
    "octets": _utf8("\\x{:02x}"),
    "octal": _utf8("\\{:03o}"),
    "cdata": lambda text: f"<Content><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></Content>",
}
"""Of the whole text, name and value."""


def readings(text: str, depth: int = 3) -> Iterator[str]:
    """What somebody who tries the decoders of the standard library reads out of a text: no code of the product."""
    yield from _undone(text, depth)
    encoded: list[str] = []
    for run in dict.fromkeys(LATER.findall(text)):
        run = run.rstrip("=")
        for decode in (base64.b64decode, base64.urlsafe_b64decode, bytes.fromhex):
            with contextlib.suppress(ValueError):
                data = decode(run + "=" * (-len(run) % 4) if decode is not bytes.fromhex else run)
                encoded.append(data.decode("utf-8", "ignore"))
    yield from _undone("\n".join(encoded), 1)


def _undone(text: str, depth: int) -> Iterator[str]:
    yield text
    if not depth:
        return
    made = {
        unquote(text),
        html.unescape(text),
        text.replace("\0", ""),
        quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace"),
        re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text),
        re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text),
        re.sub(r"\\([0-3][0-7]{2})", lambda found: chr(int(found[1], 8)), text),
        re.sub(r"\\([\"'\\/])", r"\1", text),
        text.replace("]]><![CDATA[", ""),
    }
    for one in made - {text}:
        yield from _undone(one, depth - 1)


def shown(secret: str, text: str) -> str | None:
    """The part of a secret that can be read in a text: most of it, or what tells most of an address. None: none."""
    size = min(len(secret), max(6, min(len(secret) * 6 // 10, 12)))
    parts = {secret[at : at + size] for at in range(len(secret) - size + 1)}
    for reading in dict.fromkeys(readings(text)):
        for part in parts:
            if part in reading:
                return part
    return None
