"""wxalarm.testing.assert_accepted: the examples of docs/testing.md run as printed; responses of every shape."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT
from wxalarm.testing import assert_accepted

EXAMPLES = re.findall(
    r"^## (\w+)\n.*?^```python\n(.*?)^```", (ROOT / "docs/testing.md").read_text("utf-8"), re.S | re.M
)
PUSH = (
    b"<xml><ToUserName><![CDATA[gh_000000000001]]></ToUserName><FromUserName><![CDATA[oAAAA0000000000000000000001]]>"
    b"</FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>x</Content></xml>"
)
REPLY = (
    "<xml><ToUserName>{to}</ToUserName><FromUserName>gh_000000000001</FromUserName><CreateTime>1700000000</CreateTime>"
    "<MsgType>text</MsgType><Content>hi</Content></xml>"
)


def test_there_is_an_example_for_each_framework() -> None:
    assert [name for name, _ in EXAMPLES] == ["Flask", "FastAPI", "Django"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples_of_the_documentation_run_as_printed(name: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Response:
    """The shape that test clients share."""

    content: bytes = b"success"
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    history: list[Any] = field(default_factory=list)
    redirect_chain: list[Any] = field(default_factory=list)


@dataclass
class Streaming:
    """Django's StreamingHttpResponse."""

    streaming_content: list[bytes]
    streaming: bool = True
    status_code: int = 200


@pytest.mark.parametrize(
    "response", [b"success", "success", "", bytearray(b"success"), Response(), Streaming([b"suc", b"cess"])]
)
def test_good_replies_of_every_shape_pass(response: Any) -> None:
    assert assert_accepted(response, "subscribe").findings == ()


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (Response(status_code=201), "http-status"),
        (Response(b"success\n"), "reply-whitespace"),
        (Response(history=[Response(b"", 301)]), "http-redirect"),
        (Response(redirect_chain=[("/wx/", 302)]), "http-redirect"),
        (Response(headers={"Content-Length": "9"}), "reply-length"),
        (Streaming([b"success", b"\n"]), "reply-whitespace"),
    ],
)
def test_bad_ones_fail_with_the_code(response: Any, code: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(f"error[{code}]")):
        assert_accepted(response, "text")


def test_sender_and_receiver_are_read_from_the_push() -> None:
    assert_accepted(REPLY.format(to="oAAAA0000000000000000000001"), PUSH)
    with pytest.raises(AssertionError, match="reply-wrong-user"):
        assert_accepted(REPLY.format(to="oBBBB0000000000000000000002"), PUSH)


def test_the_reasons_come_in_chinese_too() -> None:
    with pytest.raises(AssertionError, match=r"不合法：.*\n(?s:.*)错误\[reply-quoted\]"):
        assert_accepted('"success"', "ticket", lang="zh")


def test_an_encrypted_reply_is_opened() -> None:
    from wxalarm.wechat.crypto import Keys, envelope

    key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    keys = Keys("token", "wx0000000000000001", (key,))
    known = {"mode": "secure", "token": "token", "appid": "wx0000000000000001", "encoding_aes_key": key}
    good = REPLY.format(to="oAAAA0000000000000000000001").encode()
    assert assert_accepted(envelope(good, keys, "1", "2", bytes(16)), PUSH, **known).decrypted == good
    bad = good.replace(b"1700000000", b"2023-11-14")
    with pytest.raises(AssertionError, match="reply-createtime"):
        assert_accepted(envelope(bad, keys, "1", "2", bytes(16)), PUSH, **known)


def test_what_cannot_be_judged_is_said() -> None:
    with pytest.raises(TypeError, match="object: expected bytes"):
        assert_accepted(object())
    with pytest.raises(ValueError, match="no-such-push"):
        assert_accepted(b"success", "no-such-push")
    with pytest.raises(ValueError, match="expected the XML"):
        assert_accepted(b"success", b"<xml><oops></xml>")
