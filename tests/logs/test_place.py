"""The command that shows a line follows from where it stands, and from nothing else."""

from __future__ import annotations

import pytest

from wxalarm.logs.place import show


@pytest.mark.parametrize(
    ("place", "packed", "command"),
    [
        ("/var/log/a.log:7", None, [["sed", "-n", "7{p;q}", "--", "/var/log/a.log"]]),
        ("a:b.log:7", "gzip", [["zcat", "--", "a:b.log"], ["sed", "-n", "7{p;q}"]]),
        ("a@b.log@99", None, [["tail", "-c", "+100", "--", "a@b.log"], ["head", "-n", "1"]]),
        ("a.log@99", "zstd", [["zstdcat", "--", "a.log"], ["tail", "-c", "+100"], ["head", "-n", "1"]]),
        ("a@9:7", "xz", [["xzcat", "--", "a@9"], ["sed", "-n", "7{p;q}"]]),
        ("-x:7", "rm -rf /", [["sed", "-n", "7{p;q}", "--", "-x"]]),
        ("a:1;w X", None, []),
        ("a:1e3", None, []),
        (":7", None, []),
        ("-", None, []),
        ("", None, []),
        ("a:" + "9" * 5000, None, []),
    ],
)
def test_it_follows_from_the_place(place: str, packed: str | None, command: list[list[str]]) -> None:
    assert show(place, packed) == command
