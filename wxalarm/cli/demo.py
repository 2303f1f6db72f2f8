"""`wxalarm demo`: start faulty servers on loopback, diagnose a made-up alarm against them, print the report."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from wxalarm.cli import completion, flags
from wxalarm.cli.common import fail, nearest, outputs_of, words_of, write_stdout
from wxalarm.cli.report import FORMATS, deliver
from wxalarm.config import Output
from wxalarm.diagnosis import contexts
from wxalarm.lab import SCENARIOS, Scenario
from wxalarm.parser import parse

if TYPE_CHECKING:
    from wxalarm.checks.check import Context
    from wxalarm.messages import Catalogue


def demo(
    scenario: Annotated[str | None, typer.Argument(metavar="[SCENARIO]", autocompletion=completion.scenarios)] = None,
    show_list: Annotated[bool, typer.Option("--list")] = False,
    formats: flags.Format = None,
    lang: flags.Lang = None,
    verbose: flags.Verbose = False,
    quiet: flags.Quiet = False,
) -> None:
    """Diagnose a made-up alarm against a faulty server that this command starts on loopback."""
    words = words_of(lang)
    if show_list:
        write_stdout(listing(words))
        return
    outputs = outputs_of(formats or (), FORMATS, "text", words)
    chosen = scenario_of(scenario, words) if scenario else SCENARIOS[0]

    @asynccontextmanager
    async def stage() -> AsyncIterator[Sequence[Context]]:
        async with chosen.stage() as staged:
            settings = dataclasses.replace(staged.settings, output=Output(words.lang))
            typer.echo(words.scenario(chosen.name, "story"), err=True)
            typer.echo("\n" + staged.text.strip() + "\n", err=True)
            yield contexts(parse(staged.text).alarms, settings, url=staged.url, resolve=staged.resolve)

    raise typer.Exit(deliver(stage(), (), words, outputs, only=chosen.only, reveal=True, verbose=verbose, quiet=quiet))


def scenario_of(name: str, words: Catalogue) -> Scenario:
    """The scenario of that name; an unknown one ends the command with the nearest."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    if name not in by_name:
        fail(words.ui("unknown_scenario", name=name) + nearest(name, list(by_name), words))
    return by_name[name]


def listing(words: Catalogue) -> str:
    """One line a scenario: its name and its title."""
    width = max((len(scenario.name) for scenario in SCENARIOS), default=0)
    return "".join(f"{s.name:<{width}}  {words.scenario(s.name, 'title')}\n" for s in SCENARIOS)
