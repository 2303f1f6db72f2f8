"""A callback server as the guide wants it, in every mode, and the ways in which real ones are wrong.

Right: it verifies signatures, answers echostr, `success` and passive replies, encrypts what must be encrypted. WRONG
holds named faults, each a change of the right answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from secrets import token_bytes
from urllib.parse import parse_qsl

from wxalarm.lab.web import Heard, Said, Site, serve
from wxalarm.wechat.crypto import CryptoError, Keys, envelope
from wxalarm.wechat.push import PushError, Received, elements_of, read, verified, xml

PAID = b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
UNPAID = PAID.replace(b"SUCCESS", b"FAIL").replace(b"OK", b"sign error")
ERROR_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>500 Internal Server Error</title></head>"
    b"<body><center><h1>500 Internal Server Error</h1></center><hr><center>nginx</center></body></html>\n"
)

Fault = Callable[[Heard, Said], Said]


def _body(change: Callable[[bytes], bytes], kind: str | None = None) -> Fault:
    return lambda heard, said: replace(said, body=change(said.body), kind=kind or said.kind)


def _instead(said: Said) -> Fault:
    return lambda heard, right: said


WRONG: dict[str, Fault] = {
    "quoted": _body(lambda body: b'"' + body + b'"', "application/json"),
    "bom": _body(lambda body: b"\xef\xbb\xbf" + body),
    "newline": _body(lambda body: body + b"\n"),
    "blank-before": _body(lambda body: b"\r\n" + body),
    "upper": _body(bytes.upper),
    "json": _body(lambda body: b'{"code":0,"msg":"' + body + b'"}', "application/json"),
    "true": _instead(Said(b"true", kind="application/json")),
    "number": _body(lambda body: str(int(float(body))).encode() if body.isdigit() else body, "application/json"),
    "html": _body(lambda body: b"<html><body>" + body + b"</body></html>", "text/html"),
    "error-page": _instead(Said(ERROR_PAGE, kind="text/html")),
    "empty": _instead(Said()),
    "echo": lambda heard, said: replace(said, body=heard.body or heard.query.encode()),
    "slow": lambda heard, said: replace(said, delay=8.0),
    "hang-up": lambda heard, said: replace(said, hang_up=True),
    "redirect": lambda heard, said: Said(
        status=302, headers=(("Location", "https://wx.example.com/login?next=" + heard.path),)
    ),
    "201": lambda heard, said: replace(said, status=201),
    "403": _instead(Said(b"Forbidden", status=403)),
    "404": _instead(Said(b"Not Found", status=404)),
    "405": lambda heard, said: said if heard.method == "GET" else Said(b"", status=405),
    "500": _instead(Said(ERROR_PAGE, status=500, kind="text/html")),
    "502": _instead(Said(ERROR_PAGE.replace(b"500 Internal Server Error", b"502 Bad Gateway"), 502, "text/html")),
}
"""The faults by name. Each changes what the right server would say."""


@dataclass(frozen=True, slots=True)
class Callback:
    """The application: give it to lab.web.serve, or use `callback`."""

    keys: Keys
    path: str = "/callback"
    pay_path: str = "/notify"
    talkative: bool = False
    """Answer text messages with a text; else with `success`."""
    encrypts: bool = True
    """False: answers encrypted messages in plaintext, as handlers do that were written for plaintext mode."""
    wrong: str | None = None
    """A name of WRONG; of another request than POST only when `wrong_get`."""
    wrong_get: bool = False

    def __call__(self, heard: Heard) -> Said:
        """The answer to one request."""
        said = self.right(heard)
        if self.wrong is None or (heard.method == "GET") is not self.wrong_get:
            return said
        return WRONG[self.wrong](heard, said)

    def right(self, heard: Heard) -> Said:
        """What a server without a fault answers."""
        if heard.path not in (self.path, self.pay_path):
            return Said(b"Not Found", status=404)
        if heard.method == "GET":
            echostr = verified(heard.query, self.keys.token)
            return Said(b"", 403) if echostr is None else Said(echostr.encode())
        if heard.method != "POST":
            return Said(b"", status=405)
        if heard.path == self.pay_path:
            return self._paid(heard)
        try:
            received = read(heard.query, heard.body, self.keys)
        except PushError:
            return Said(b"", status=400)
        except CryptoError:
            return Said(b"", status=403)
        return self._reply(received)

    def _paid(self, heard: Heard) -> Said:
        """Nobody signs with the merchant's key here: a notification is refused, as it should be."""
        try:
            elements_of(heard.body)
        except PushError:
            return Said(b"", status=400)
        return Said(UNPAID, kind="text/xml")

    def _reply(self, received: Received) -> Said:
        if not self.talkative or received.name != "text":
            return Said(b"success")
        elements = received.elements
        message = xml(
            (
                ("ToUserName", elements["FromUserName"]),
                ("FromUserName", elements["ToUserName"]),
                ("CreateTime", int(elements["CreateTime"])),
                ("MsgType", "text"),
                ("Content", "你好"),
            )
        ).encode()
        if received.encrypted and self.encrypts:
            query = dict(parse_qsl("&".join(f"{k}={v}" for k, v in received.query.items())))
            message = envelope(message, self.keys, query["timestamp"], query["nonce"], token_bytes(16))
        return Said(message, kind="text/xml")


@asynccontextmanager
async def callback(
    keys: Keys, *, wrong: str | None = None, wrong_get: bool = False, talkative: bool = False, port: int = 0
) -> AsyncIterator[Site]:
    """A callback server on loopback while entered; its URL is `site.url("/callback")`."""
    application = Callback(keys, talkative=talkative, wrong=wrong, wrong_get=wrong_get)
    async with serve(application, port=port) as site:
        yield site
