"""Runs the tests of one mutant: a fork of a process that has loaded everything already.

The fork forgets the mutated module and all that import it, takes the mutated file in its place, and runs pytest. A test
that takes many times the processor time it took without a mutation is ended: a loop without end is noticed, and a busy
machine is not taken for one.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import pkgutil
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from poodle.data_types import Mutant, MutantTrialResult, PoodleConfig

from mutants.rooms import LEFT_OUT, REGISTRY, ROOMS, Needs, Room, dotted, watched_by

COSTS = Path("costs.json")
"""Processor seconds of each test without a mutation, written by the clean run."""
FAILED = Path("failed.txt")
"""The tests that fail without a mutation."""
NOTICED = Path("noticed.txt")
"""The tests that have noticed a mutant in this run: most mutants are noticed by few, so these come first."""
ELSEWHERE = {"netns", "nginx", "chromium", "oracle", "slow"}
"""Marks of tests that need more than Python, or long."""
PATIENCE = 5
"""How many times as long as without a mutation a test may take …"""
MARGIN = 2
"""… and how many seconds more."""
ARGUMENTS = (
    *("-q", "--tb=no", "--assert=plain", "--hypothesis-profile=mutants"),
    *("-p", "pytest_timeout", "-p", "_hypothesis_pytestplugin"),
    *("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception"),
    *(f"--ignore={name}" for name in LEFT_OUT),
)
_NOTHING_RAN = (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)


@cache
def warm() -> Needs:
    """Load the package and everything that it and its tests use."""
    import wxalarm

    root = Path.cwd()
    assert Path(wxalarm.__file__).is_relative_to(root), "only a copy is mutated"
    for module in pkgutil.walk_packages(wxalarm.__path__, "wxalarm."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("trustme", "dnslib", "h11", "icmplib", "cryptography.x509", "dns.resolver", "pyparsing", "jinja2"):
        importlib.import_module(name)
    hypothesis.settings.register_profile(
        "mutants",
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    gc.freeze()
    return Needs(root)


def run(
    config: PoodleConfig,
    echo: Callable[[str], None],
    run_folder: Path,
    mutant: Mutant,
    timeout: float | None,
    **_: Any,
) -> MutantTrialResult:
    """The tool's runner. Without a mutant: all tests of the room, and what each costs; the tool wants "not found"."""
    room, root = ROOMS[config.runner_opts["room"]], Path.cwd()
    if not mutant.source_file:
        tried = [path.relative_to(mutant.source_folder) for path in mutant.source_folder.rglob("*.py")]
        return _unchanged(room, tried)
    file, answer = mutant.source_file.relative_to(mutant.source_folder), run_folder / "answer"
    tests = [mutant.mutator_name] if "::" in mutant.mutator_name else watched_by(room, file, root)
    users = warm().users(dotted(file))
    noticed = set(NOTICED.read_text().splitlines()) if NOTICED.exists() else set()
    plugin = Plugin(users, json.loads(COSTS.read_text()), noticed)

    def child() -> int:
        sys.meta_path.insert(0, Mutated(dotted(file), run_folder / mutant.source_file, root / file))
        status = _tested(["-x", *tests], plugin)
        answer.write_text(next(iter(plugin.failed), "while the tests were loaded"))
        return status

    status = forked(child, timeout)
    if status < 0:
        return MutantTrialResult(found=True, reason_code=MutantTrialResult.RC_TIMEOUT, reason_desc="took too long")
    if status in _NOTHING_RAN:
        return MutantTrialResult(found=False, reason_code=MutantTrialResult.RC_OTHER, reason_desc=f"pytest: {status}")
    if status == pytest.ExitCode.OK:
        echo(f"SURVIVED   {file}:{mutant.lineno}: {mutant.text}")
        return MutantTrialResult(found=False, reason_code=MutantTrialResult.RC_NOT_FOUND)
    with NOTICED.open("a") as known:
        known.write(f"{answer.read_text()}\n")
    return MutantTrialResult(found=True, reason_code=MutantTrialResult.RC_FOUND, reason_desc=answer.read_text())


def _unchanged(room: Room, files: Sequence[Path]) -> MutantTrialResult:
    """All tests of these files, with nothing mutated. What fails now can notice nothing: it is left out, and named."""
    users = {name: far for file in files for name, far in warm().users(dotted(file)).items()}
    tests = dict.fromkeys(name for file in files for name in watched_by(room, file, Path.cwd()))
    plugin = Plugin(users, None, set())

    def child() -> int:
        status = _tested([*tests], plugin)
        COSTS.write_text(json.dumps({name: cost for name, cost in plugin.taken.items() if name not in plugin.failed}))
        FAILED.write_text("\n".join(plugin.failed))
        return status

    status = forked(child, None)
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or COSTS.read_text() == "{}":
        return MutantTrialResult(found=True, reason_code=MutantTrialResult.RC_OTHER, reason_desc=f"pytest: {status}")
    for name in FAILED.read_text().splitlines():
        print(f"left out, as it fails with nothing mutated: {name}", flush=True)
    return MutantTrialResult(found=False, reason_code=MutantTrialResult.RC_NOT_FOUND)


def _tested(arguments: Sequence[str], plugin: Plugin) -> int:
    """Run tests in this process, which forgets what the plugin's modules were."""
    forget(set(plugin.users))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return pytest.main([*ARGUMENTS, *arguments], plugins=[plugin])


def forked(work: Callable[[], int], timeout: float | None) -> int:
    """The exit status of some work in a fork, without its output; negative when a signal ended it."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        sys.dont_write_bytecode = True
        try:
            os._exit(work())
        finally:
            os._exit(pytest.ExitCode.INTERNAL_ERROR)
    ends = None if timeout is None else time.monotonic() + timeout
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if ends is not None and time.monotonic() > ends:
            os.kill(pid, signal.SIGKILL)
            ends = None
        time.sleep(0.005)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # servers that a test left behind
    return os.waitstatus_to_exitcode(ended[1])


def forget(modules: set[str]) -> None:
    """Take modules out of this process, and all tests."""
    for name in [name for name in sys.modules if name in modules or name.partition(".")[0] == "tests"]:
        parent, _, leaf = name.rpartition(".")
        vars(sys.modules.get(parent, sys)).pop(leaf, None) if parent in sys.modules else None
        del sys.modules[name]


class Mutated(importlib.abc.MetaPathFinder):
    """Finds one module in a file that is elsewhere; a package keeps its folder."""

    def __init__(self, module: str, mutated: Path, original: Path) -> None:
        self._module, self._mutated, self._original = module, mutated, original

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> Any:
        """The place of the mutated module."""
        if name != self._module:
            return None
        folders = [str(self._original.parent)] if self._original.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(name, self._mutated, submodule_search_locations=folders)


class Plugin:
    """Leaves out tests that cannot notice, puts the near and cheap ones first, and ends those that take too long."""

    def __init__(self, users: dict[str, int], costs: dict[str, float] | None, noticed: set[str]) -> None:
        self.users = users
        self._costs = costs
        """None: not known yet, and no test is left out for it."""
        self._noticed = noticed
        self.taken: dict[str, float] = {}
        self.failed: dict[str, None] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        """pytest-xdist, which knows this mark, is not loaded."""
        config.addinivalue_line("markers", "xdist_group: of pytest-xdist")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Cases of checks that have nothing to do with the module are none of its tests."""
        from wxalarm.checks import CHECKS  # as it is now: mutated

        modules = {check.id: check.evaluate.__module__ for check in CHECKS}
        near = {name: self.users[module] for name, module in modules.items() if module in self.users}
        near[""] = 1
        items[:] = [item for item in items if not any(map(item.get_closest_marker, ELSEWHERE))]
        items[:] = [item for item in items if self._checked(item) in near]
        items[:] = [item for item in items if self._costs is None or item.nodeid in self._costs]
        items.sort(key=self._cost)
        items.sort(key=lambda item: (item.nodeid not in self._noticed, near[self._checked(item)]))

    def _cost(self, item: pytest.Item) -> float:
        return self._costs[item.nodeid] if self._costs else 0.0

    @staticmethod
    def _checked(item: pytest.Item) -> str:
        """The check that a test of the registry is about; "" for any other test."""
        from wxalarm.checks.check import Check

        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if item.nodeid.startswith(REGISTRY) and isinstance(path := given.get("path"), Path):
            return path.parent.name
        if item.nodeid.startswith(REGISTRY) and isinstance(check := given.get("check"), Check):
            return check.id
        return ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Look at the clock, and limit what the test may take."""
        begun = time.process_time()
        if self._costs:
            limit = begun + PATIENCE * self._cost(item) + MARGIN
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, resource.RLIM_INFINITY))
        try:
            return (yield)
        finally:
            self.taken[item.nodeid] = time.process_time() - begun

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Which test noticed."""
        if report.failed:
            self.failed[report.nodeid] = None
