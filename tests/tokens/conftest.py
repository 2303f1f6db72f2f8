"""The servers of these tests: each is started once a session, by the first test that wants it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tokens.servers import KINDS, Made, Server, need


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has all tests of one kind of server: it starts one, and no other does. Before pytest-xdist looks."""
    for item in items:
        if "made" in getattr(item, "fixturenames", ()):
            given = getattr(item, "callspec", None)
            kinds = [value for value in (given.params.values() if given else ()) if value in KINDS]
            item.add_marker(pytest.mark.xdist_group(f"store-{kinds[0] if kinds else 'sqlite'}"))


@pytest.fixture(scope="session")
def made() -> Iterator[Made]:
    """Gives the server of a kind."""
    # A folder with a short name: the names of sockets may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="wxt-"))
    servers: dict[str, Server] = {}

    def server(kind: str) -> Server:
        need(kind)
        if kind not in servers:
            servers[kind] = Server(kind, folder / kind)
        return servers[kind]

    try:
        yield server
    finally:
        for one in servers.values():
            one.empty()
            one.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, made: Made) -> Server:
    """Each store in turn, empty."""
    one = made(request.param)
    one.empty()
    return one
