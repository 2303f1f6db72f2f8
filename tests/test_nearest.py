"""The nearest name, and that one place finds it."""

from __future__ import annotations

from tests.paths import ROOT
from wxalarm.nearest import nearest

KNOWN = ("dns-resolve", "dns-system", "tcp-connect")


def test_the_nearest_names() -> None:
    assert nearest("dns-resolv", KNOWN) == ["dns-resolve"]
    assert nearest("dns-sys", KNOWN, 2) == ["dns-system", "dns-resolve"]
    assert nearest("dns-sys", iter(KNOWN), 2, alike=0.6) == ["dns-system"]
    assert nearest("ping", KNOWN) == []


def test_one_module_looks_for_it() -> None:
    found = [path.name for path in (ROOT / "wxalarm").rglob("*.py") if "get_close_matches" in path.read_text("utf-8")]
    assert found == ["nearest.py"]
