"""Our reader against nginx itself: 1,000 generated configurations, and the bytes of 1,500 quoted tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.nginx import generate
from tests.nginx.server import TEMPS, USER, ask, needs_nginx, nginx, running
from tests.ports import free_ports
from wxalarm.nginx import Config, fetch_from, from_dump, load, parse
from wxalarm.nginx.syntax import Directive, quoted
from wxalarm.probes.nginx_files import disk_fetch

pytestmark = [pytest.mark.nginx, needs_nginx]

SYNTAX = re.compile(r"unexpected (?:end of file|\"[;{}]\"|\".\"$)")
"""What nginx says when the text itself is wrong, whatever its directives mean."""
EMERG = re.compile(r"\[emerg\] \d+#\d+: (.*?)(?: in (\S+):(\d+))?$", re.MULTILINE)
BATCH = 50


def canonical(directives: tuple[Directive, ...]) -> object:
    """What a configuration says, without how it is written."""
    return [(d.name, d.args, None if d.block is None else canonical(d.block)) for d in directives]


def in_bytes(message: str) -> bytes:
    """A message as nginx prints it: of a character of several bytes it names the first."""
    data = message.encode("utf-8", "surrogateescape")
    return data[:13] if message.startswith('unexpected "') and message[13:14] == '"' else data


def write(folder: Path, made: generate.Config) -> Path:
    for name, text in {**made.files, "nginx.conf": made.main}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder / "nginx.conf"


def compare(folder: Path, seed: int, made: generate.Config) -> bool:
    """Asserts that nginx and we agree about one configuration; says whether nginx loads it."""
    main = write(folder, made)
    config = load(str(main), disk_fetch())
    ended = nginx(folder, main, "-T")
    emerg = EMERG.search(ended.stderr.decode("utf-8", "surrogateescape"))
    if ended.returncode == 0:
        assert not config.problems, f"seed {seed}: nginx loads it, we say {config.problems[0]}"
        path, files = from_dump(ended.stdout.decode("utf-8", "surrogateescape"))
        assert path == str(main)
        assert files == dict(config.files), f"seed {seed}: other files"
        dumped: Config = load(path, fetch_from(files))
        assert canonical(dumped.directives) == canonical(config.directives), f"seed {seed}"
        return True
    assert emerg is not None, f"seed {seed}: {ended.stderr!r}"
    message, line = emerg[1], int(emerg[3] or 0)
    if SYNTAX.match(message):
        assert config.problems, f"seed {seed}: nginx says {message}:{line}, we read it"
        problem = config.problems[0]
        assert (in_bytes(problem.message), problem.line) == (in_bytes(message), line), f"seed {seed}"
        assert problem.file == emerg[2]
    elif config.problems:  # nginx stopped at a directive that it does not take; the text may be wrong further on
        ours = config.problems[0]
        assert ours.file != emerg[2] or ours.line >= line, f"seed {seed}: {message}:{line}, we say {ours}"
    return False


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 600, BATCH))
def test_generated_configurations_are_read_as_nginx_reads_them(first: int, tmp_path: Path) -> None:
    loaded = [compare(tmp_path / str(seed), seed, generate.config(seed)) for seed in range(first, first + BATCH)]
    assert all(loaded), "the generator writes what nginx does not load"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_400, BATCH))
def test_slips_are_refused_as_nginx_refuses_them(first: int, tmp_path: Path) -> None:
    loaded = [compare(tmp_path / str(seed), seed, generate.broken(seed)) for seed in range(first, first + BATCH)]
    assert 0 < sum(loaded) < BATCH, "slips of both sorts"


def test_tokens_have_the_bytes_that_nginx_serves(tmp_path: Path) -> None:
    writer = generate.Writer(7)
    [port] = free_ports(1)
    values = [writer.text() for _ in range(500)]
    tokens = [writer.quoted(value) for value in values]
    tokens += ['"a\\qb"', "'\\n'", '"\\\\n"', "a\\tb", "\\a", "a\\}b", "a\\\\b", "a'b", 'a"b', "x}y", "a\\ b", '""']
    places = "".join(f"location = /{n} {{ return 200 {token}; }}\n" for n, token in enumerate(tokens))
    main = tmp_path / "nginx.conf"
    text = (
        f"{USER}events {{}} http {{ {TEMPS} default_type text/plain; access_log off;"
        f" server {{ listen 127.0.0.1:{port};\n{places} }} }}"
    )
    main.write_bytes(text.encode())
    config = load(str(main), disk_fetch())
    assert config.http is not None
    read = [location.block[0].args[1] for location in config.http.block[-1].all("location")]  # type: ignore[index]  # they have blocks
    assert read[: len(values)] == values, "the generator does not write what it means"
    again = parse("".join(f"return 200 {quoted(value)};" for value in read)).directives
    assert [directive.args[1] for directive in again] == read, "what we write is read back as the same"
    with running(tmp_path, main, [port]):
        served = [ask(port, f"/{number}")[2] for number in range(len(tokens))]
    for number, token in enumerate(tokens):
        assert served[number].decode("utf-8", "surrogateescape") == read[number], token


SERVER = "events {}\nhttp {\n  server {\n    listen 8080;\n%s\n  }\n}\n"


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ("listen 8081 default_server\n    server_name a.example.com;", True),
        ("root /srv\n    index index.html;", True),
        ("location / {\n      proxy_pass http://127.0.0.1:8000\n      proxy_read_timeout 3s;\n    }", True),
        ("root\n      /srv;", False),
        ("server_name a.example.com\n      root;", False),
        ("listen 8081\n      default_server;", False),
    ],
)
def test_a_line_that_is_not_ended_is_refused_as_nginx_refuses_it(lines: str, refused: bool, tmp_path: Path) -> None:
    main = write(tmp_path, generate.Config(SERVER % lines, {}))
    config = load(str(main), disk_fetch())
    ended = nginx(tmp_path, main, "-t")
    emerg = EMERG.search(ended.stderr.decode())
    assert (ended.returncode != 0) is refused
    assert [(one.message, one.file, one.line) for one in config.problems] == (
        [(emerg[1], emerg[2], int(emerg[3]))] if refused and emerg else []
    )
