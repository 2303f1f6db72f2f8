"""A thousand hours of keepers and readers, killed, cut off and lied to: no reader holds what WeChat refuses, nothing is
refreshed twice, the bound on calls holds, no refresh token is lost.

TOKENS_HOURS says how many hours each store is given; 1,000 are what the documentation promises.
"""

from __future__ import annotations

import logging
import os

import pytest

from tests.tokens.servers import Server
from tests.tokens.world import AUTHORIZER, NEEDS, PLATFORM, World, memory_store
from wxalarm.tokens import errors
from wxalarm.tokens.turn import Plan

HOURS = float(os.environ.get("TOKENS_HOURS", "0"))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("wxalarm.tokens").setLevel(logging.ERROR)


def held(world: World) -> None:
    """Nothing was broken, and enough has happened for that to mean something."""
    assert not world.broken, "\n".join(world.broken[:10])
    assert world.counted["needs"] > 40
    kept = [call for call in world.calls if call.written]
    assert len(kept) > world.counted["needs"] * 0.9


def test_without_misfortunes_every_token_is_refreshed_hourly_and_no_reader_is_without_one() -> None:
    world = World(memory_store, seed=5, chaos=0.0)
    world.run(100)
    held(world)
    assert world.counted["invalid reads"] == 0
    assert {told.event for told in world.told} == {"refreshed"}
    assert 400 < len(world.calls) < 480, "four tokens, a hundred hours"
    missed = [name for name in world.counted if name.startswith("token-")]
    assert sum(world.counted[name] for name in missed) < 20, "before the first refresh"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("classic", [False, True], ids=["stable", "classic"])
def test_the_rules_hold_through_misfortunes(seed: int, classic: bool) -> None:
    world = World(memory_store, seed=seed, chaos=2.0, classic=classic)
    world.run(HOURS or 60)
    held(world)
    for misfortune in ("kill", "store", "cut", "fault", "foreign", "authorized", "invalid reads", "withdrawn"):
        assert world.counted[misfortune], misfortune
    alarms = [told for told in world.told if told.alarming]
    assert len(world.noted) >= len(alarms) > 5, "also those whose keeper died before it could tell"
    assert world.counted["wrong grants"] + world.counted["silences"]
    assert any(told.failed and told.failed.behaviour.case == "former-grant" for told in world.told)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_rules_hold_on_a_real_store(server: Server) -> None:
    restart = server.restart if server.kind != "sqlite" else None
    world = World(server.store, seed=11, plan=Plan(poll=120.0), restart=restart, restarts=2 if restart else 0)
    world.run(HOURS or 40)
    print(server.kind, HOURS, sorted(world.counted.items()), world.broken[:5])  # noqa: T201  # with -s: what was counted
    held(world)
    assert world.counted["restarts"] == world.restarts
    if HOURS >= 1000:
        assert not [code for code in errors.BY_ERRCODE if not world.counted[f"asked {code}"]], "each had its turn"
    row = server.store(lambda: world.now).read(NEEDS[-1].name)[0]
    usable = world.rules.owners[PLATFORM].refresh_tokens[AUTHORIZER]
    assert row.refresh_token in usable, "the refresh token still works"
