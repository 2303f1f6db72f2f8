"""What reply and verify share: a judgement as text or JSON, to every output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from wxalarm.cli.common import (
    UNTOLD,
    Checked,
    Output,
    in_color,
    looked_over,
    on_screen,
    terminal_width,
    without_secrets,
    write_outputs,
)

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

FORMATS: Final = ("text", "json")
NARROW = 80
"""Columns of a text that goes to no terminal."""


def write_judged(
    outputs: Sequence[Output], words: Catalogue, record: Callable[[], str], render: Callable[[int, bool], str]
) -> int:
    """Write a judgement; UNTOLD when an output could not be written, else 0. record: as JSON; render: as text, of a
    width, in colour or not."""

    def ready(output: Output) -> Checked:
        width = terminal_width() if on_screen(output.path) else NARROW
        text = record() if output.format == "json" else render(width, in_color(output.path))
        return looked_over(output, without_secrets(output, text))

    return UNTOLD * write_outputs(outputs, ready, words)
