"""Which tests may run side by side, and how property tests are run."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Generator

import hypothesis
import pytest

# A shell ignores these for what it runs in the background, nohup the last one, and what tests start inherits that: it
# could not be ended.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Whoever runs the tests may have a history, tokens and a key of their own: tests neither see them nor write there.
_STATE = tempfile.TemporaryDirectory(prefix="wxalarm-state-")
os.environ["XDG_STATE_HOME"] = _STATE.name

# A deadline asserts an absolute time, and so does the health check of slow inputs: on a busy machine both fail tests
# that are right. What must not take long is compared with something else, in a test of its own.
# Inputs that nobody has tried would fail a test by chance, for a fault that is older than the change: `make explore`
# looks for those. The others are the same each time.
hypothesis.settings.register_profile(
    "wxalarm",
    deadline=None,
    derandomize=not os.environ.get("WXALARM_EXPLORE"),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    max_examples=150,
    print_blob=True,
)
hypothesis.settings.load_profile("wxalarm")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Tests that start nginx or make namespaces look at the whole machine (its processes, its counters): one worker
    runs them all, one after another. Floods take a processor for themselves, so they go there too. pytest-xdist reads
    the groups when it comes to its own turn, and another pytest than it knows would go on without them."""
    for item in items:
        if item.get_closest_marker("nginx") or item.get_closest_marker("netns") or "test_hostile" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("machine"))
    yield
    lost = [item.nodeid for item in items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
    if getattr(config.option, "loadgroup", False) and lost:
        raise pytest.UsageError(f"pytest-xdist groups no tests with this pytest: {lost[0]} and {len(lost) - 1} more")
