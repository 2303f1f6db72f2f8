"""Which tests may run side by side."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start nginx or make namespaces look at the whole machine (its processes, its counters): one worker
    runs them all, one after another. Floods take a processor for themselves, so they go there too."""
    for item in items:
        if item.get_closest_marker("nginx") or item.get_closest_marker("netns") or "test_hostile" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("machine"))
