"""Every command that a finding prints is taken by its own program: the options are known, the arguments have its form.

Nothing is asked of anybody: what would connect is led to a closed port of loopback.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.checks.test_registry import BY_ID, CASES, findings_of
from tests.messages.test_pasted import PROGRAMS
from tests.paths import ROOT
from tests.shells import Recorder
from wxalarm.checks.check import Skip
from wxalarm.config import ConfigError
from wxalarm.messages import LANGUAGES, catalogue

CLOSED = "127.0.0.1"
WRONG = re.compile(
    r"invalid option|unrecognized|unknown option|unknown argument|[Uu]sage|extra operand|unterminated|missing|"
    r"is unknown|no such option|illegal|not understand|syntax error|bad filter|expected|Invalid|couldn't get address",
    re.IGNORECASE,
)
REPLACED = {"UPSTREAM": CLOSED, "YOUR-HOST": "a.example", "你的域名": "a.example"}
"""What a person writes in place of words in capitals."""
SHELL = re.compile(r"\$\(|for ")
"""Lines without values that are small programs: the shell's own, the same for everybody."""


def printed() -> dict[str, str]:
    """Every command of every fixture, in both languages, and the code that prints it."""
    found = {}
    for path in CASES:
        case = json.loads(path.read_text("utf-8"))
        for finding in findings_of(case, BY_ID[path.parent.name]):
            for lang in LANGUAGES:
                if line := catalogue(lang).finding(finding, "verify"):
                    found[line] = finding.code.id
    return found


PRINTED = printed()


def run(*command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=stdin, env=environment, capture_output=True, check=False)
    return subprocess.CompletedProcess(
        command, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def curl(arguments: Sequence[str]) -> bool:
    """2: option, 3: URL, 4: not built in, 49: --resolve or telnet option."""
    return run("curl", *arguments, "--proxy", f"http://{CLOSED}:9", "--max-time", "5").returncode in (5, 7, 56, 97)


def dig(arguments: Sequence[str]) -> bool:
    """The servers are replaced, and what asks the whole world is left out."""
    servers = [word for word in arguments if word.startswith("@")]
    rest = [word for word in arguments if word not in servers and word != "+trace"]
    good = all(re.fullmatch(r"@([\w.-]+|[0-9a-f:]+)", server) for server in servers)
    names = [word for word in rest if "." in word and not word.startswith(("+", "-"))]
    done = run("dig", *rest, "-p", "9", "+tries=1", "+time=1", f"@{CLOSED}")
    return good and len(names) == 1 and done.returncode != 1 and not WRONG.search(done.stderr)


def openssl(arguments: Sequence[str]) -> bool:
    words = list(arguments)
    if "-connect" in words:
        place = words.index("-connect") + 1
        if not re.fullmatch(r"(\[[0-9a-f:]+\]|[\w.-]+):(\d+|PORT)", words[place]):
            return False
        words[place] = f"{CLOSED}:9"
    return not WRONG.search(run("openssl", *words).stderr)


def wxalarm(arguments: Sequence[str]) -> bool:
    return run(sys.executable, "-m", "wxalarm", *arguments, "--help").returncode == 0


def nginx(arguments: Sequence[str]) -> bool:
    return tuple(arguments) in {("-t",), ("-T",), ("-s", "reload")}


def local(program: str) -> Callable[[Sequence[str]], bool]:
    """A program that asks nobody: run as it is, with no input."""

    def check(arguments: Sequence[str]) -> bool:
        return not WRONG.search(run(program, *arguments).stderr)

    return check


LOCAL = (
    *("awk", "cat", "df", "free", "grep", "head", "ip", "ls", "ps", "sed", "sort", "ss", "sysctl", "tail", "uniq"),
    *("wc", "zcat", "zgrep", "zstdcat", "bzcat", "xzcat", "nstat", "uptime", "date"),
)
KNOWN = {"curl": curl, "dig": dig, "openssl": openssl, "wxalarm": wxalarm, "nginx": nginx}
CHECKED: dict[str, Callable[[Sequence[str]], bool]] = {**KNOWN, **{name: local(name) for name in LOCAL}}
NOT_RUN = {"vmstat", "iostat", "timedatectl", "chronyc", "dmesg", "ping", "mtr", "whois", "getenforce"}
"""They take long, ask somebody, or are not everywhere; their arguments are ours, but for a last one."""


def vectors(folder: Path) -> dict[tuple[str, ...], str]:
    """The argument vectors that the shell makes of the commands."""
    lines = [line for line in PRINTED if not SHELL.search(line)]
    calls = Recorder(folder, PROGRAMS | set(CHECKED)).run("/bin/sh", lines)
    return {
        tuple(REPLACED.get(word, word) for word in call): PRINTED[line]
        for line, made in zip(lines, calls, strict=True)
        for call in made
    }


def test_every_printed_command_is_taken_by_its_program(tmp_path: Path) -> None:
    found = vectors(tmp_path)
    assert len(found) > 70
    programs = {call[0] for call in found}
    assert programs - set(CHECKED) - NOT_RUN == set(), "a program that nobody checks"
    assert {"curl", "dig", "openssl", "wxalarm", "nginx", "ss", "sed", "zgrep"} <= programs
    absent = {name for name in programs if name in CHECKED and name != "wxalarm" and not shutil.which(name)}
    wrong = [
        (code, *call)
        for call, code in found.items()
        if call[0] in CHECKED and call[0] not in absent and not CHECKED[call[0]](call[1:])
    ]
    assert wrong == []
    assert not absent & {"curl", "dig", "openssl", "ss", "sed", "zgrep"}


@pytest.mark.parametrize(
    "command",
    [
        ["curl", "--nonsense", "http://a.example/"],
        ["curl", "--resolve", "a:b", "http://a.example/"],
        ["dig", "+tcp", "A", "@192.0.2.1"],
        ["dig", "a.example", "@ns1.example.com (192.0.2.1)"],
        ["openssl", "s_client", "-connect", "2001:db8::1:443"],
        ["openssl", "s_client", "-nonsense"],
        ["wxalarm", "probe", "--nonsense", "URL"],
        ["ss", "-ltn", "sport == = :443"],
        ["sed", "--nonsense"],
        ["ip", "route", "get", "a, b"],
    ],
)
def test_the_test_above_can_fail(command: list[str]) -> None:
    assert not CHECKED[command[0]](command[1:])


def test_every_finding_that_promises_a_command_has_one() -> None:
    for path in CASES:
        case = json.loads(path.read_text("utf-8"))
        for finding in findings_of(case, BY_ID[path.parent.name]):
            template = catalogue("en").raw(finding.code, "verify")
            if template and (template != "{show}" or finding.evidence["show"]):
                assert catalogue("en").finding(finding, "verify"), (path, finding.code.id)


HOSTILE = "';touch X;'$(touch X)`touch X`\"\n|touch X\u202e"


def spoiled(node: Any, place: list[int]) -> Any:
    """The data with HOSTILE behind its text of that number; place counts down to it."""
    if isinstance(node, dict):
        return {key: spoiled(value, place) for key, value in node.items()}
    if isinstance(node, list):
        return [spoiled(value, place) for value in node]
    if isinstance(node, str):
        place[0] -= 1
        return node + HOSTILE if place[0] == -1 else node
    return node


def texts(node: Any) -> int:
    if isinstance(node, dict):
        node = list(node.values())
    return sum(map(texts, node)) if isinstance(node, list) else isinstance(node, str)


def poisoned() -> Iterator[str]:
    """The commands of every fixture with one of its texts spoiled, each in turn: of the alarm, the target, the
    settings, and what was observed."""
    for path in CASES:
        case = json.loads(path.read_text("utf-8"))
        foreign = {key: case[key] for key in ("alarm", "target", "settings", "observed", "observation") if key in case}
        for number in range(texts(foreign)):
            try:
                found = findings_of({**case, **spoiled(foreign, [number])}, BY_ID[path.parent.name])
            except (ValueError, LookupError, Skip, ConfigError):
                continue  # a word of ours, or nothing to look at
            yield from (catalogue("en").finding(finding, "verify") for finding in found)


@pytest.mark.slow
def test_no_text_of_any_fixture_makes_a_command_run_another(tmp_path: Path) -> None:
    lines = sorted({line for line in poisoned() if "touch" in line})
    assert len(lines) > 90
    calls = Recorder(tmp_path, PROGRAMS | set(CHECKED)).run("/bin/sh", lines)
    assert "touch" not in {call[0] for made in calls for call in made}
    for line, made in zip(lines, calls, strict=True):
        assert any("touch" in word for call in made for word in call), f"the value stands in an argument: {line}"
