"""What nobody may read again, hidden wherever a server repeats it, before an observation is judged, shown or saved.

The mask is as long as what it hides: lengths and places stay true, so that a right answer is still judged right.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import zlib
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from msgspec import Struct, structs

from wxalarm.config import Account

T = TypeVar("T")
Hidden = re.Pattern[bytes]
LONG = 8
"""Characters from which a secret is hidden inside a word too, and its beginning where a text is cut."""
SHORTEST = 4
UNPACKED = 1 << 20
"""Bytes of a compressed body that are looked through."""
_OPEN = """content-type content-length transfer-encoding chunked connection location server token weixin wechat
<xml><ToUserName><FromUserName><CreateTime><MsgType><Content><MsgId><Event><Encrypt><MsgSignature><TimeStamp><Nonce>
signature timestamp echostr openid msg_signature encrypt_type text image voice video music news success fail""".lower()
"""Hiding a token that is one of these words (as in tutorials) keeps no secret and spoils the facts."""


def hiding(secrets: Iterable[str]) -> Hidden | None:
    """What finds these secrets in any case, in UTF-8 and UTF-16; None when there are none."""
    parts = [_part(secret.encode()) for secret in dict.fromkeys(secrets) if len(secret) >= SHORTEST]
    return re.compile(b"|".join(parts), re.IGNORECASE) if parts else None


def configured(accounts: Iterable[Account], urls: Iterable[str | None]) -> list[str]:
    """The secrets of accounts, but for those that stand in a URL of theirs or in `urls` for everybody to see."""
    accounts = tuple(accounts)
    known = [url for one in accounts for url in one.urls()]
    seen = " ".join([_OPEN, *(url.lower() for url in (*known, *urls) if url)])
    return [secret for one in accounts for secret in one.known_secrets() if secret.lower() not in seen]


def hide(value: T, hidden: Hidden | None) -> T:
    """Plain data (structs, dataclasses, tuples, mappings, texts, bytes) with every secret in it masked."""
    return value if hidden is None else cast("T", _hide(value, hidden))


def _hide(value: Any, hidden: Hidden) -> Any:
    if type(value) is bytes:
        return _octets(value, hidden)
    if type(value) is str:  # an enum is no text that a server wrote
        return hidden.sub(_mask, value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    if type(value) in (tuple, list):
        return type(value)(_hide(each, hidden) for each in value)
    if type(value) is dict:
        return {_hide(name, hidden): _hide(each, hidden) for name, each in value.items()}
    if isinstance(value, Struct):
        each = {name: _hide(getattr(value, name), hidden) for name in value.__struct_fields__}
        return structs.replace(value, **each)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
    return dataclasses.replace(value, **{name: _hide(each, hidden) for name, each in fields.items()})


def _octets(data: bytes, hidden: Hidden) -> bytes:
    """Bytes with every secret masked, those inside gzip or zlib too."""
    if data[:1] in (b"\x1f", b"\x78"):
        with contextlib.suppress(zlib.error):
            plain = zlib.decompressobj(47).decompress(data, UNPACKED)
            if hidden.search(plain):
                packer = zlib.compressobj(wbits=31 if data[:1] == b"\x1f" else 15)
                return packer.compress(hidden.sub(_mask, plain)) + packer.flush()
    return hidden.sub(_mask, data)


def _part(secret: bytes) -> bytes:
    """The pattern of one secret. UTF-16 is the same octets with zeros between."""
    octets = [re.escape(secret[index : index + 1]) for index in range(len(secret))]
    if len(secret) < LONG:
        return rb"(?<![0-9a-z])" + rb"\0?".join(octets) + rb"(?![0-9a-z])"
    cut = [rb"\0?".join(octets[:length]) + rb"\0?\Z" for length in range(len(secret) - 1, LONG - 1, -1)]
    return b"|".join([rb"\0?".join(octets), *cut])


def _mask(found: re.Match[bytes]) -> bytes:
    return re.sub(rb"[^\0]", b"*", found[0])
