"""Signatures and encryption of the push protocol (消息加解密技术方案). Sans-IO.

Errors carry the return codes of WeChat's sample code WXBizMsgCrypt, because that is what developers search for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from wxalarm.wechat.limits import AES_KEY

BLOCK = 32
"""Bytes to which WeChat pads: PKCS#7 with a block of 32, not AES's 16, so the pad value may be up to 32."""
RANDOM = 16
"""Random bytes before the length in a plaintext block."""


class CryptoError(Exception):
    """Something could not be signed, encrypted or decrypted. `code` is WXBizMsgCrypt's, `reason` a short key."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.code, self.reason = code, reason


BAD_SIGNATURE = (-40001, "signature")
BAD_KEY = (-40004, "key")
BAD_APPID = (-40005, "appid")
BAD_CIPHERTEXT = (-40007, "length")
BAD_PADDING = (-40007, "padding")
BAD_BUFFER = (-40008, "buffer")
BAD_BASE64 = (-40010, "base64")


def signature(*parts: str) -> str:
    """SHA-1 in lower-case hex of the parts sorted by bytes and joined.

    (token, timestamp, nonce) gives `signature`; with the ciphertext it gives `msg_signature`.
    """
    return hashlib.sha1(b"".join(sorted(part.encode("utf-8", "surrogatepass") for part in parts))).hexdigest()


def signed(given: str, *parts: str) -> bool:
    """Whether `given` is the signature of the parts; takes the same time whatever differs."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), signature(*parts).encode())


def key_of(encoding_aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey. Raises CryptoError when it is not 43 letters and digits of Base64."""
    try:
        key = base64.b64decode(encoding_aes_key + "=", validate=True)
    except (binascii.Error, ValueError):
        raise CryptoError(*BAD_KEY) from None
    if len(encoding_aes_key) != AES_KEY or len(key) != 32:
        raise CryptoError(*BAD_KEY)
    return key


@dataclass(frozen=True, slots=True)
class Keys:
    """What it takes to speak with one account or platform. Of several EncodingAESKeys (current, previous) the first
    is used to encrypt; decryption tries each."""

    token: str = field(repr=False)
    appid: str = ""
    encoding_aes_keys: tuple[str, ...] = field(default=(), repr=False)


def encrypt(message: bytes, encoding_aes_key: str, appid: str, random: bytes) -> str:
    """The Base64 ciphertext of a message. random: 16 bytes, fresh for each message. Raises CryptoError."""
    block = random + struct.pack(">I", len(message)) + message + appid.encode()
    pad = BLOCK - len(block) % BLOCK
    key = key_of(encoding_aes_key)
    return base64.b64encode(_aes(key, block + bytes([pad]) * pad, encrypting=True)).decode()


def decrypt(ciphertext: str, encoding_aes_keys: Sequence[str], appid: str | None = None) -> bytes:
    """The message in a ciphertext, by the first key that opens it: the current one, else the previous one.

    appid None leaves the appid inside unchecked. Raises CryptoError: the error of the first key.
    """
    first: CryptoError | None = None
    for encoding_aes_key in encoding_aes_keys:
        try:
            message, inside = open_block(ciphertext, encoding_aes_key)
        except CryptoError as error:
            first = first or error
            continue
        if appid is not None and inside != appid:
            raise CryptoError(*BAD_APPID)
        return message
    raise first or CryptoError(*BAD_KEY)


def open_block(ciphertext: str, encoding_aes_key: str) -> tuple[bytes, str]:
    """(message, appid inside) of a ciphertext. Raises CryptoError."""
    key = key_of(encoding_aes_key)
    try:
        data = base64.b64decode(ciphertext, validate=True)
    except (binascii.Error, ValueError):
        raise CryptoError(*BAD_BASE64) from None
    if not data or len(data) % 16:
        raise CryptoError(*BAD_CIPHERTEXT)
    block = _aes(key, data, encrypting=False)
    pad = block[-1]
    # A library that pads to 16 is read too: only the value of the pad counts.
    if not 1 <= pad <= BLOCK or len(block) < pad + RANDOM + 4:
        raise CryptoError(*BAD_PADDING)
    content = block[RANDOM:-pad]
    (length,) = struct.unpack(">I", content[:4])
    if length > len(content) - 4:
        raise CryptoError(*BAD_BUFFER)
    return content[4 : 4 + length], content[4 + length :].decode("utf-8", "replace")


def _aes(key: bytes, data: bytes, *, encrypting: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))  # the IV is the key's beginning in all official SDKs
    worker = cipher.encryptor() if encrypting else cipher.decryptor()
    return worker.update(data) + worker.finalize()


def envelope(message: bytes, keys: Keys, timestamp: str, nonce: str, random: bytes) -> bytes:
    """An encrypted reply: Encrypt, MsgSignature, TimeStamp, Nonce, spelt exactly so. Raises CryptoError."""
    if not keys.encoding_aes_keys:
        raise CryptoError(*BAD_KEY)
    sealed = encrypt(message, keys.encoding_aes_keys[0], keys.appid, random)
    return (
        f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature(keys.token, timestamp, nonce, sealed)}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    ).encode()
