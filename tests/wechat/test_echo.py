"""What an answer to a URL verification comes near, when it is not the echostr."""

from __future__ import annotations

import gzip
import zlib

import pytest

from wxalarm.wechat.echo import near_miss

ECHOSTR = "1280319207911509787"


def case_of(body: bytes, encoding: str = "") -> str | None:
    miss = near_miss(body, ECHOSTR, encoding)
    return miss.case if miss else None


def test_the_echostr_is_right() -> None:
    assert case_of(ECHOSTR.encode()) is None
    assert case_of(ECHOSTR.encode(), "gzip") is None, "the header alone says nothing"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(ECHOSTR.encode()), "gzip"),
        (gzip.compress(ECHOSTR.encode()), ""),
        (zlib.compress(ECHOSTR.encode()), "deflate"),
        (b"\x0b\x09\x80\xff\xfe", "br"),
    ],
    ids=[
        "gzip",
        "gzip, unnamed",
        "deflate",
        "br",
    ],  # the bytes hold the time: every worker would name the test otherwise
)
def test_a_compressed_answer(body: bytes, encoding: str) -> None:
    assert case_of(body, encoding) == "compressed"


@pytest.mark.parametrize(
    "text",
    [
        "1280319207911509760",  # Python, C: int(float(…)), %.0f
        "1280319207911509800",  # JavaScript: the shortest digits, padded
        "1280319207911509800.0",
        "1.28031920791151E+18",  # PHP 5 and 7.0: precision 14
        "1.2803192079115E+18",
        "1.2803192079115098E18",  # PHP 7.1 and later, Java
        "1.2803192079115098e+18",  # Python
        "1.28E+18",
        "1.28032e+18",  # C: %g
        '"1.28E+18"',
    ],
)
def test_a_number_that_lost_its_digits(text: str) -> None:
    assert case_of(text.encode()) == "number"


@pytest.mark.parametrize("text", ["1280319207911509000", "1.29E+18", "1.28E+17", "1e400", "nan", "12", "1.28E+18 ok"])
def test_another_number_is_none_that_lost_digits(text: str) -> None:
    assert case_of(text.encode()) == "other"
