"""Real shells that may run nothing but recorders, and values that would like to make them run something else."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path

from hypothesis import strategies as st

SHELLS = ("/bin/sh", "/bin/bash")
HOSTILE = (
    "';touch X;'",
    '";touch X;"',
    "$(touch X)",
    "`touch X`",
    "a'b",
    'a"b',
    "a\\",
    "a;touch X",
    "a&touch X&",
    "a|touch X",
    "a>X",
    "a</etc/passwd",
    "a\ntouch X",
    "a\r\ntouch X",
    "a#b",
    "#",
    "~root",
    "$HOME",
    "${IFS}touch${IFS}X",
    "*",
    "[a-z]*",
    "{a,b}",
    "{x}",
    "{{touch}}",
    "%s%n",
    "\\\\",
    "!!",
    "a'b!c",
    "=ls",
    "a b",
    "\u00a0",
    "\u202etxt.exe",
    "\u2028touch X",
    "\x1b]0;x\x07",
    "\x7f",
    "\x9b31m",
    "\udcff",
    "域名",
    "a\t",
    "(touch X)",
    "a && touch X",
    "'$(touch X)'",
    "'\"'\"'`touch X`",
    "--",
    "-oProxyCommand=touch X",
    "@file",
    "+trace",
    "",
)


def hostile() -> st.SearchStrategy[str]:
    """Texts of any characters, and such as a shell reads something into."""
    pieces = st.sampled_from(
        ("'", '"', "`", "$", "(", ")", ";", "&", "|", "<", ">", "\\", "\n", "!", "#", "touch X", " ")
    )
    joined = st.lists(st.one_of(pieces, st.sampled_from(HOSTILE), st.text(max_size=3)), max_size=8).map("".join)
    return st.one_of(joined, st.text(max_size=30), st.sampled_from(HOSTILE))


class Recorder:
    """A folder that is the whole PATH of a shell: every program in it only writes down how it was called."""

    def __init__(self, folder: Path, programs: Collection[str]) -> None:
        self.folder, self.bin, self.log = folder, folder / "bin", folder / "calls"
        self.bin.mkdir()
        for name in {*programs, "touch"}:
            stub = self.bin / name
            stub.write_text(f"#!/bin/sh\nprintf '%s\\0' '{name}' \"$#\" \"$@\" >> '{self.log}'\n")
            stub.chmod(0o755)

    def run(self, shell: str, lines: Collection[str]) -> list[list[list[str]]]:
        """What each line called: [program, argument, …] each, sorted, since the parts of a pipeline have no order."""
        made: list[list[list[str]]] = []
        script = "\n".join(f"{line}\nwait\nend {number}" for number, line in enumerate(lines))
        (self.bin / "end").write_text(f"#!/bin/sh\nprintf 'end\\0001\\000%s\\0' \"$1\" >> '{self.log}'\n")
        (self.bin / "end").chmod(0o755)
        self.log.write_bytes(b"")
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            done = subprocess.run(
                [shell],
                input=script.encode("utf-8", "surrogateescape"),
                env={"PATH": str(self.bin)},
                cwd=work,
                capture_output=True,
                check=False,
            )
            left = [path.name for path in Path(work).iterdir()]
        assert left == [], "a file appeared"
        assert not re.search(rb"not found|[Ss]yntax error|unexpected", done.stderr), done.stderr
        words = iter(self.log.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1])
        line: list[list[str]] = []
        for name in words:
            arguments = [next(words) for _ in range(int(next(words)))]
            if name == "end":
                made.append(sorted(line))
                line = []
            else:
                line.append([name, *arguments])
        assert not line
        assert len(made) == len(lines)
        return made
