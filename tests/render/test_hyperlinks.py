"""Codes lead to where they are explained: the published documentation, else the guide."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.checks import CHECKS
from wxalarm.lint import ALL
from wxalarm.render import hyperlinks


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package as it is once its documentation has an address."""
    package = Message()
    package["Project-URL"] = "Source, https://example.com/source"
    package["Project-URL"] = "Documentation, https://example.com/docs/"
    monkeypatch.setattr(hyperlinks, "metadata", lambda name: package)
    hyperlinks.documentation.cache_clear()
    yield
    hyperlinks.documentation.cache_clear()


def test_what_stands_in_parentheses_and_is_a_code_is_a_link() -> None:
    code = f"\x1b]8;;{hyperlinks.GUIDE}\x1b\\tcp-refused\x1b]8;;\x1b\\"
    assert hyperlinks.linked("端口拒绝连接（tcp-refused）", "zh") == f"端口拒绝连接（{code}）"
    assert hyperlinks.linked("refused (tcp-refused)", "en") == f"refused ({code})"
    for other in ("tcp-refused", "(tcp-refusal)", "(GET)", "(203.0.113.1)"):
        assert hyperlinks.linked(other, "en") == other


@pytest.mark.usefixtures("published")
def test_what_is_published_leads_to_a_page_that_has_the_code() -> None:
    ids = {code.id for check in CHECKS for code in check.codes} | {code.id for code in ALL}
    for name in sorted(ids | {check.id for check in CHECKS}):
        url = hyperlinks.page(name, "zh")
        assert url is not None
        path, _, place = url.removeprefix("https://example.com/").partition("#")
        text = (ROOT / Path(path)).read_text("utf-8")
        assert f"`{name}`" in text, url
        assert not place or f'<a id="{place}">' in text, url
