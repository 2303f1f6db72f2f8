"""How serious a limit is: what cannot be evaluated is no error."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.paths import FIXTURES
from tests.support import context_of
from wxalarm.checks.nginx import nginx_config
from wxalarm.model import Severity

FOLDER = FIXTURES / "observations" / "nginx-config"
SEVERITIES = {
    "rate-limit": Severity.ERROR,
    "rate-limit-not-spared": Severity.ERROR,
    "rate-limit-unknown-key": Severity.WARNING,
}


@pytest.mark.parametrize("name", SEVERITIES)
def test_a_limit_is_an_error_only_when_its_key_is_known(name: str) -> None:
    case = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    observation = msgspec.convert(case["observation"], nginx_config.CHECK.observation)
    [finding] = nginx_config.CHECK.evaluate(observation, context_of(case))
    assert finding.code.severity is SEVERITIES[name]
