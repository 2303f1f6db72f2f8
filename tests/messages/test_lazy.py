from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import pytest

import wxalarm.messages
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.messages.lazy import tables


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_catalogue_by_its_tables_is_the_catalogue_read_whole(lang: str) -> None:
    text = resources.files(wxalarm.messages).joinpath(f"{lang}.toml").read_text("utf-8")
    assert catalogue(lang).data == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'a = 1\n[b]\nc = "[d]"\n[b.e]\nf = [1,\n 2]\n',
        "[b.e]\nf = 1\n[b]\nc = 2\n",
        "[b]\nc = '''\n[no.table]\nd = 1\n[nor.this]\n'''\n[e]\nf = 1\n",
        "[b]\n\n# words\n[b.c]\n",
    ],
)
def test_tables_are_what_tomllib_reads(text: str) -> None:
    assert tables(text) == tomllib.loads(text)


def test_only_what_is_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    loads = tomllib.loads

    def noted(text: str) -> dict[str, Any]:
        read.append(text)
        return loads(text)

    monkeypatch.setattr(tomllib, "loads", noted)
    assert tables("[a]\nb = 1\n[c.d]\ne = 2\n[c.f]\ng = 3\n")["c"]["d"]["e"] == 2
    assert [text for text in read if text.strip()] == ["e = 2"]
