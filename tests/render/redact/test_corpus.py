"""Secrets planted in every place, of every kind, in every spelling: none comes through, and joins are kept."""

from __future__ import annotations

import pytest

from tests.render.redact.corpus import SPELLINGS, planted, shown
from wxalarm.render.redact import Redactor

PLANTED = tuple(planted())


def test_the_corpus_is_large() -> None:
    assert len(PLANTED) * len(SPELLINGS) > 700
    assert len(SPELLINGS) >= 12
    assert all(shown(one.secret, one.text) for one in PLANTED), "the search sees what nobody hid"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_planted_secret_comes_through(spelling: str) -> None:
    one = Redactor(b"k" * 32)
    spell = SPELLINGS[spelling]
    leaks = {}
    for name, text, secret in PLANTED:
        made = one.text(spell(text))
        if part := shown(secret, made):
            leaks[name] = (part, spell(text), made)
    assert leaks == {}
