"""Signatures and encryption against WeChat's published vectors, our own with a long pad, and wechatpy as an oracle."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxalarm.wechat.crypto import (
    BLOCK,
    CryptoError,
    Keys,
    decrypt,
    encrypt,
    envelope,
    key_of,
    open_block,
    signature,
    signed,
)
from wxalarm.wechat.push import elements_of

# The vectors of WeChat's own page on push configuration (消息推送).
TOKEN, AES_KEY, APPID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR"
    "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3"
    "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
KEY = "".join(chr(ord("a") + index % 26) for index in range(42)) + "0"


def test_signature_of_a_verification() -> None:
    assert signature(TOKEN, "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert signature(TOKEN, "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


def test_signed_tells_right_from_wrong() -> None:
    right = signature(TOKEN, "1714037059", "486452656")
    assert signed(right, TOKEN, "1714037059", "486452656")
    assert not signed(right, TOKEN, "1714037059", "486452657")
    assert not signed(right.upper(), TOKEN, "1714037059", "486452656")
    assert not signed("签名", TOKEN, "1", "2")


def test_published_secure_push() -> None:
    assert signature(TOKEN, "1714112445", "415670741") == "6c5c811b55cc85e0e1b54100749188c20beb3f5d"
    assert signature(TOKEN, "1714112445", "415670741", PUSH) == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    message = decrypt(PUSH, [AES_KEY], APPID)
    assert json.loads(message)["debug_str"] == "hello world"
    assert len(message) == 167
    assert encrypt(message, AES_KEY, APPID, b"a8eedb185eb2fecf") == PUSH


def test_published_secure_reply() -> None:
    assert encrypt(b'{"demo_resp":"good luck"}', AES_KEY, APPID, b"707722b803182950") == REPLY
    assert signature(TOKEN, "1713424427", "415670741", REPLY) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    keys = Keys(TOKEN, APPID, (AES_KEY,))
    body = envelope(b'{"demo_resp":"good luck"}', keys, "1713424427", "415670741", b"707722b803182950")
    assert elements_of(body) == {
        "Encrypt": REPLY,
        "MsgSignature": "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        "TimeStamp": "1713424427",
        "Nonce": "415670741",
    }


@pytest.mark.parametrize("pad", range(1, BLOCK + 1))
def test_every_pad_is_opened(pad: int) -> None:
    """Pads above 16 are what libraries trip over that know only AES's block."""
    message = b"m" * (2 * BLOCK - pad - 16 - 4 - len(APPID) + BLOCK)
    sealed = encrypt(message, KEY, APPID, b"r" * 16)
    assert len(base64.b64decode(sealed)) % BLOCK == 0
    assert open_block(sealed, KEY) == (message, APPID)


def test_a_block_padded_to_sixteen_is_opened_too() -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    content = b"r" * 16 + (5).to_bytes(4, "big") + b"hello" + APPID.encode()
    pad = 16 - len(content) % 16
    assert (len(content) + pad) % 32 == 16
    worker = Cipher(algorithms.AES(key_of(KEY)), modes.CBC(key_of(KEY)[:16])).encryptor()
    sealed = base64.b64encode(worker.update(content + bytes([pad]) * pad) + worker.finalize()).decode()
    assert decrypt(sealed, [KEY], APPID) == b"hello"


def test_the_previous_key_opens_what_the_current_does_not() -> None:
    sealed = encrypt(b"old", KEY, APPID, b"r" * 16)
    assert decrypt(sealed, [AES_KEY, KEY], APPID) == b"old"


@pytest.mark.parametrize(
    ("ciphertext", "keys", "appid", "code"),
    [
        (PUSH, [], APPID, -40004),
        (PUSH, ["A" * 42], APPID, -40004),
        (PUSH, ["!" * 43], APPID, -40004),
        (PUSH, [AES_KEY], "wx0000000000000001", -40005),
        (PUSH, [KEY], APPID, -40007),
        ("AAAA", [AES_KEY], APPID, -40007),
        ("", [AES_KEY], APPID, -40007),
        ("not base64", [AES_KEY], APPID, -40010),
        (REPLY[:20] + "=" + REPLY[21:], [AES_KEY], APPID, -40010),
        (REPLY[:44], [AES_KEY], APPID, -40007),
    ],
)
def test_errors_have_the_codes_of_the_sample_code(ciphertext: str, keys: list[str], appid: str, code: int) -> None:
    with pytest.raises(CryptoError) as caught:
        decrypt(ciphertext, keys, appid)
    assert caught.value.code == code


def test_keys_are_never_shown() -> None:
    assert "AAAAA" not in repr(Keys(TOKEN, APPID, (AES_KEY,)))


KEYS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=42, max_size=42).map(
    lambda text: text + "0"
)


@given(st.binary(max_size=300), KEYS, st.binary(min_size=16, max_size=16), st.text("wx0123456789abcdef", max_size=30))
def test_round_trip(message: bytes, key: str, random: bytes, appid: str) -> None:
    assert decrypt(encrypt(message, key, appid, random), [key], appid) == message


@given(st.binary(max_size=200))
def test_any_ciphertext_is_opened_or_refused(data: bytes) -> None:
    with contextlib.suppress(CryptoError):
        decrypt(base64.b64encode(data).decode(), [KEY])
