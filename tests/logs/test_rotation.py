"""Which files are parts of one log, the newest first; names that only look like it stand alone."""

from __future__ import annotations

import random

import pytest

from wxalarm.logs.rotation import series

LOGS = {
    "numbers": ["/l/access.log", "/l/access.log.1", "/l/access.log.2.gz", "/l/access.log.10.gz"],
    "only packed ones": ["/l/access.log.1.gz", "/l/access.log.2.zst", "/l/access.log.49.bz2"],
    "a name without .log": ["/l/access_log", "/l/access_log.1", "/l/access_log.2.xz"],
    "dates": ["/l/access.log", "/l/access.log-20241225", "/l/access.log-20241224.gz"],
    "dates before .log": ["/l/access.log", "/l/access-20241225.log", "/l/access-20241224.log.gz"],
    "dates with marks": ["/l/app.log", "/l/app.log.2024-12-25.gz", "/l/app.log.2024-12-24.gz"],
    "dates with hours": ["/l/app.2024-12-25_11.log.gz", "/l/app.2024-12-25_10.log.gz", "/l/app.2024-12-24_23.log.gz"],
}


@pytest.mark.parametrize("name", LOGS)
def test_the_parts_of_a_log_the_newest_first(name: str) -> None:
    mixed = list(LOGS[name])
    random.Random(name).shuffle(mixed)
    assert series(mixed) == [LOGS[name]]


def test_other_logs_stand_alone() -> None:
    alone = ["/l/web-1.gz", "/l/web-2.gz", "/m/access.log", "/l/error.log", "/l/access-1.log", "/l/access-2.log"]
    assert sorted(series([*alone, *LOGS["numbers"]])) == sorted([*([path] for path in alone), LOGS["numbers"]])


def test_a_log_whose_way_of_rotating_changed() -> None:
    both = [*LOGS["numbers"], *LOGS["dates"][1:]]
    assert sorted(series(both)) == sorted([LOGS["numbers"], LOGS["dates"][1:]])
    assert series([]) == []
    assert series(["-", "-"]) == [["-"]]
