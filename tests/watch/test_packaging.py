"""What is shipped to run it for good: read by the programs that it is for, where they are here."""

from __future__ import annotations

import fnmatch
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.config import from_mapping
from wxalarm.watch.targets import plan_of

PACKAGING = ROOT / "packaging"


def test_the_configuration_of_the_container_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXALARM_WATCH_TOKEN", "made-up")
    plan = plan_of(from_mapping(tomllib.loads((PACKAGING / "docker" / "wxalarm.toml").read_text())))
    assert (plan.listen, plan.token) == (("0.0.0.0", 9420), "made-up")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_the_unit_is_right_and_well_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "wxalarm-watch.service"
    text = (PACKAGING / "systemd" / "wxalarm-watch.service").read_text()
    unit.write_text(text.replace("/usr/local/bin/wxalarm", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "wxalarm-watch.service" in line] == []
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


DOCKER = PACKAGING / "docker"
UID = "10001"
"""Of the user of the image."""


def steps() -> list[tuple[str, str]]:
    """(instruction, the rest) of the Dockerfile."""
    lines = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    made = [line.partition(" ") for line in lines if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in made]


def test_the_dockerfile_is_of_instructions_that_there_are_and_ends_as_a_user() -> None:
    names = [name for name, _ in steps()]
    known = {"FROM", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    assert names[0] == "FROM"
    assert set(names) <= known
    last = len(names) - names[::-1].index("FROM")
    assert [name for name in names[last:] if name in ("USER", "ENTRYPOINT", "CMD")] == ["USER", "ENTRYPOINT", "CMD"]
    stages = {rest.split()[2] for name, rest in steps() if name == "FROM" and " AS " in rest}
    assert {rest.split()[0].removeprefix("--from=") for name, rest in steps() if "--from=" in rest} <= stages
    for name, rest in steps():
        if name in ("ENTRYPOINT", "CMD"):
            assert all(isinstance(word, str) for word in json.loads(rest)), "no shell, which would keep SIGTERM"


def sent() -> Iterator[str]:
    """What of this folder the builder is sent, by Dockerfile.dockerignore: the entries that are let in again."""
    rules = [
        line for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] not in ("", "#")
    ]
    assert rules[0] == "*", "nothing, save what is named"
    yield from (rule[1:] for rule in rules if rule.startswith("!"))


@pytest.mark.netns
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
@pytest.mark.skipif(find_spec("hatchling") is None, reason="needs hatchling")
def test_the_steps_of_the_dockerfile_make_what_runs_and_ends_at_a_signal() -> None:
    """Its own RUN lines, over what COPY copies, and its command as its user with no capability: all but the base image,
    which is somebody else's."""
    todo = steps()
    build, final = (rest for name, rest in todo if name == "RUN")
    env = dict(pair.split("=", 1) for name, rest in todo if name == "ENV" for pair in shlex.split(rest))
    command = [word for name, rest in todo if name in ("ENTRYPOINT", "CMD") for word in json.loads(rest)]
    assert dict(todo)["USER"] == "wxalarm"
    folder = Path(tempfile.mkdtemp(prefix="wxi-"))
    try:
        folder.chmod(0o755)
        (folder / "src").mkdir()
        for name in sent():
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / "src" / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / "src")
        shutil.copy(DOCKER / "wxalarm.toml", folder)
        # Offline, and without a look at what this environment has: it would be taken away there.
        alone = ("NO_DEPS", "NO_INDEX", "IGNORE_INSTALLED", "DISABLE_PIP_VERSION_CHECK")
        offline = {f"PIP_{name}": "1" for name in alone} | {"PIP_NO_BUILD_ISOLATION": "0"}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        line = build.replace("/install", f"{folder}/install").replace("/src", f"{folder}/src")
        done = subprocess.run(["sh", "-c", line], env={**os.environ, "PATH": path, **offline}, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        (installed,) = (folder / "install").glob("lib/python*/site-packages")
        run = ["unshare", "-mn", "sh", str(ROOT / "tests" / "watch" / "image.sh"), str(folder), final, UID]
        own = {"PATH": f"{folder}/install/bin:{path}", "PYTHONPATH": str(installed), "WXALARM_WATCH_TOKEN": "made-up"}
        own |= {**env, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}

        def tried(*command: str) -> str:
            done = subprocess.run([*run, *command], env=own, cwd="/", capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        assert "/var/lib/wxalarm" in tried(*command, "--check")
        assert tried("stat", "-c", "%U %a", "/var/lib/wxalarm") == "wxalarm 700\n"
        with subprocess.Popen([*run, *command], env=own, cwd="/", stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                said = [process.stderr.readline(), process.stderr.readline()]
                assert any("http://0.0.0.0:9420/" in line for line in said), said
                process.send_signal(getattr(signal, dict(todo)["STOPSIGNAL"]))
                assert process.wait(60) == 0, process.stderr.read()
            finally:
                process.kill()
    finally:
        shutil.rmtree(folder)


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")
def test_the_compose_file_is_one_and_all_that_it_mounts_is_there() -> None:
    command = ["docker-compose", "-f", str(DOCKER / "compose.yml"), "config"]
    without = {name: value for name, value in os.environ.items() if not name.startswith("WXALARM_")}
    refused = subprocess.run(command, env=without, capture_output=True, text=True)
    assert refused.returncode != 0, "the page would be open to all"
    assert "a token for the page" in refused.stderr
    done = subprocess.run(command, env={**without, "WXALARM_WATCH_TOKEN": "made-up"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.strip().removeprefix("- ") for line in done.stdout.splitlines()]
    mounted = [line.partition(":")[0] for line in lines if line.startswith(str(PACKAGING)) and ":/" in line]
    assert len(mounted) == 6
    assert not [name for name in mounted if not Path(name).exists()]
    ports = [line for line in lines if fnmatch.fnmatch(line, "*:*/tcp")]
    assert ports
    assert not [port for port in ports if not port.startswith("127.0.0.1:")], "nothing is open to others"


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs prometheus")
def test_the_configurations_of_prometheus_and_alertmanager_are_right() -> None:
    config, alerts = PACKAGING / "prometheus" / "prometheus.yml", PACKAGING / "prometheus" / "alertmanager.yml"
    for command in (f"promtool check config --syntax-only {config}", f"amtool check-config {alerts}"):
        done = subprocess.run(command.split(), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
