"""Scores, survivors, and whether they are explained."""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from poodle.data_types import MutantTrial, MutantTrialResult, PoodleConfig, TestingResults

from mutants.known import Mutation, explained, listed
from mutants.operators import described
from mutants.rooms import Room

kept: list[TestingResults] = []
"""The results of the last room."""


def keep(config: PoodleConfig, echo: Callable[..., None], testing_results: TestingResults, **_: Any) -> None:
    """The tool's reporter."""
    kept[:] = [testing_results]


def judged(name: str, room: Room, share: float) -> bool:
    """Print what became of a room's mutants; whether that is as it should be."""
    trials = kept[0].mutant_trials
    untold = [trial for trial in trials if trial.result.reason_code == MutantTrialResult.RC_OTHER]
    alive = [trial for trial in trials if not trial.result.found and trial not in untold]
    late = sum(trial.result.reason_code == MutantTrialResult.RC_TIMEOUT for trial in trials)
    killed = len(trials) - len(alive) - len(untold)
    known = set(explained())
    missing = _not_made(trials) if "Listed" in room.operators else []
    for trial in [*untold, *alive]:
        file, change = in_words(trial)
        if trial in untold or (file, change) not in known:
            print(f"\n{trial.result.reason_code}: {trial.result.reason_desc or ''}\n{trial.mutant.unified_diff}")
            print(f"- `{file}` `{change.scope}`: `` {change.old} `` → `` {change.new} ``")
    for old in missing:
        print(f"\nlisted, and not in the code exactly once: {old}")
    new = sum(in_words(trial) not in known for trial in alive)
    percent = 100 * killed / len(trials) if trials else 0.0
    sample = (
        ""
        if share == 1
        else f" in a sample of {share:.0%}, between {' and '.join(_interval(killed, len(trials)))} (95 %)"
    )
    print(
        f"\n{name}: {percent:.1f} % of {len(trials)} killed{sample}; {late} of them by time; "
        f"{len(alive) - new} survivors explained, {new} not; {len(untold)} untold"
    )
    by_operator = Counter(trial.mutant.mutator_name for trial in trials)
    lived = Counter(trial.mutant.mutator_name for trial in alive)
    if len(by_operator) <= 12:
        print("  " + ", ".join(f"{each} {count - lived[each]}/{count}" for each, count in sorted(by_operator.items())))
    return bool(trials) and not (new or untold or missing) and percent >= room.goal


def in_words(trial: MutantTrial) -> tuple[str, Mutation]:
    """(file, change) of a trial."""
    mutant = trial.mutant
    assert mutant.source_file is not None
    text = Path(mutant.source_file).read_text("utf-8")
    file = mutant.source_file.relative_to(mutant.source_folder).as_posix()
    return file, described(mutant, ast.parse(text), text.split("\n"))


def _not_made(trials: list[MutantTrial]) -> list[str]:
    made = Counter((trial.mutant.mutator_name, trial.mutant.text) for trial in trials)
    return [change.old for change in listed() if made[change.test, change.new] != 1]


def _interval(hits: int, of: int) -> tuple[str, str]:
    """Wilson's interval of a share."""
    z = 1.96
    middle = (hits + z * z / 2) / (of + z * z)
    half = z * math.sqrt(hits * (of - hits) / of + z * z / 4) / (of + z * z)
    return f"{100 * (middle - half):.1f}", f"{100 * (middle + half):.1f}"
