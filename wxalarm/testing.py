"""For your own tests: `assert_accepted` fails when WeChat would not accept what your callback answered.

Takes bytes, a string, or the response of a test client by its shape: Flask, Django, FastAPI and Starlette, requests,
httpx. Sends nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wxalarm.messages import catalogue
from wxalarm.model import Basis
from wxalarm.render.reply import Judged, render
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import Judgement, Pushed, judge, mended
from wxalarm.wechat.reply.pushes import named, read

__all__ = ["assert_accepted"]


def assert_accepted(
    response: Any,
    push: Pushed | str | bytes | None = None,
    *,
    mode: str = "plain",
    token: str | None = None,
    appid: str | None = None,
    encoding_aes_key: str | None = None,
    lang: str = "en",
) -> Judgement:
    """Fail with the reasons when WeChat would reject this response as the answer to this push.

    push: what your callback was asked: the body of the push (its plain XML or JSON), from which sender, receiver and
    type are read; or a name, such as "text", "subscribe", "ticket", "pay"; or None when any message or event will do.
    mode: the account's 消息加解密方式 (plain, compatible, secure); with token, appid and encoding_aes_key an encrypted
    reply is opened and its inside judged too. What is doubtful but accepted does not fail; it is in the returned
    findings.
    Raises AssertionError, TypeError for a response of unknown shape, ValueError for an unknown push.
    """
    __tracebackhide__ = True
    pushed = _pushed(push)
    status, headers, body = _parts(response)
    keys = None
    if token or appid or encoding_aes_key:
        keys = Keys(token or "", appid or "", (encoding_aes_key,) if encoding_aes_key else ())
    judgement = judge(body, status=status, headers=headers, push=pushed, mode=mode, keys=keys).based(Basis.REPRODUCED)
    if not judgement.accepted:
        better = mended(body, push=pushed, mode=mode, keys=keys)
        judged = Judged(judgement, body, status, pushed, mode, better)
        raise AssertionError("\n" + render(judged, catalogue(lang)).rstrip())
    return judgement


def _pushed(push: Pushed | str | bytes | None) -> Pushed:
    if push is None or isinstance(push, Pushed):
        return push or Pushed()
    if isinstance(push, bytes) or push.lstrip().startswith(("<", "{")):
        body = push if isinstance(push, bytes) else push.strip().encode()
        found = read(body)
    else:
        found = named(push)
    if found is None:
        raise ValueError(f"push={push!r}: expected the XML or JSON of a push, or the name of a message or an event")
    return found


def _parts(response: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    """(status, headers, body) of a response, by what it has. After a followed redirect it is the redirect that counts:
    WeChat does not follow."""
    if isinstance(response, str):
        return 200, [], response.encode()
    if isinstance(response, (bytes, bytearray, memoryview)):
        return 200, [], bytes(response)
    if chain := getattr(response, "redirect_chain", None):  # Django's client with follow=True
        return int(chain[0][1]), [], b""
    if history := getattr(response, "history", None):  # requests, httpx, Flask
        response = history[0]
    status = getattr(response, "status_code", None)
    if not isinstance(status, int):
        raise TypeError(f"{type(response).__name__}: expected bytes, str or a response with status_code and content")
    return status, _headers(getattr(response, "headers", None)), _body(response)


def _headers(headers: Any) -> list[tuple[str, str]]:
    if headers is None:
        return []
    pairs: Iterable[Any] = headers.items() if isinstance(headers, Mapping) or hasattr(headers, "items") else headers
    return [(str(name), str(value)) for name, value in pairs]


def _body(response: Any) -> bytes:
    if getattr(response, "streaming", False):  # Django's StreamingHttpResponse
        return b"".join(_bytes(part) for part in response.streaming_content)
    for name in ("content", "data", "body"):
        value = getattr(response, name, None)
        if isinstance(value, (bytes, bytearray, memoryview, str)):
            return _bytes(value)
    raise TypeError(f"{type(response).__name__}: expected a body in content, data or body")


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
