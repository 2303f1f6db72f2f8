"""Every HTTP status is told by its own number, its class, or that it is none; the catalogues have words for each."""

from __future__ import annotations

import pytest

from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.wechat.statuses import BY_PAGE, CLASSES, EXPLAINED, OF_SERVER, OF_SOME, OTHER, status_case
from wxalarm.wechat.verify import OF_GET

SAID = {BY_PAGE, "unsigned", "signed", "none", "firewall", *OF_GET.values(), *OF_SERVER.values(), *OF_SOME.values()}
"""What a check says of a refused GET, without a signature or with one, of a log without a status, and of one in which
the server in front, or a web firewall, answered by itself."""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_words_and_the_statuses_are_the_same(lang: str) -> None:
    words = catalogue(lang).data["words"]
    known = {str(status) for status in EXPLAINED} | set(CLASSES) | {OTHER} | SAID
    assert set(words["http_status"]) == known
    assert set(words["http_status_do"]) == known


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_status_with_words_of_its_own_is_not_spoken_of_as_its_class(lang: str) -> None:
    words = catalogue(lang).data["words"]["http_status"]
    said = [text for case, text in words.items() if case not in (OTHER, *SAID, *CLASSES)]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("status", "case"),
    [
        (102, "1xx"), (203, "2xx"), (307, "3xx"), (428, "4xx"), (598, "5xx"), (600, "other"), (777, "other"),
        (99, "other"), (0, "other"), (-1, "other"), (419, "419"), (526, "526"), (999, "999"),
    ],
)  # fmt: skip
def test_an_unknown_status_is_told_by_its_class(status: int, case: str) -> None:
    assert status_case(status) == case
