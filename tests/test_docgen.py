"""The generated documentation says what the registry says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm import docgen
from wxalarm.checks import CHECKS
from wxalarm.messages import LANGUAGES, catalogue


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_check_and_code_is_documented(lang: str) -> None:
    text = docgen.page("checks", catalogue(lang))
    for check in CHECKS:
        assert f"(`{check.id}`)" in text
        for code in check.codes:
            assert f"| `{code.id}` " in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", docgen.PAGES)
def test_the_pages_in_docs_say_what_the_registry_says(name: str, lang: str) -> None:
    """Whoever changes the severity or the certainty of a code changes a page that people read: it shows in review."""
    written = (ROOT / "docs" / lang / f"{name}.md").read_text("utf-8")
    assert written == docgen.page(name, catalogue(lang)), "make docs"


def test_check_mode_finds_a_stale_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docgen, "ROOT", tmp_path)
    assert docgen.main(["--check"]) == 1
    assert docgen.main([]) == 0
    assert docgen.main(["--check"]) == 0
    page = tmp_path / "docs" / "en" / "checks.md"
    page.write_text(page.read_text("utf-8") + "by hand\n", "utf-8")
    assert docgen.main(["--check"]) == 1


def test_every_test_that_proves_a_promise_is_there() -> None:
    """docs/security.md names them as FILE::TEST, or ::TEST behind the last file."""
    named = re.findall(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`", (ROOT / "docs" / "security.md").read_text("utf-8"))
    file, found = "", 0
    for path, test in named:
        file = path or file
        if path or test:
            assert f"def {test}" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"
            found += 1
    assert found > 10
