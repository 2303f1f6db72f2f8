"""Only the machine's own configuration is given to nginx, by its owner, when nobody else can change anything in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from wxalarm.probes import command, nginx_files
from wxalarm.probes.command import NGINX_BUILT, Call
from wxalarm.probes.nginx_files import NginxFiles
from wxalarm.probes.processes import Nginx

SITE = "server { listen 127.0.0.1:80; }"


class World:
    """A configuration that is compiled into an nginx of which only the calls are seen."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.conf = folder / "conf" / "nginx.conf"
        self.site = folder / "conf" / "sites" / "a.conf"
        self.site.parent.mkdir(parents=True)
        self.site.write_text(SITE)
        self.conf.write_text("events { } http { include sites/*.conf; }")
        self.built = f"--prefix={folder} --conf-path={self.conf}"
        self.calls: list[tuple[str, ...]] = []
        self.running: Nginx | None = None

        async def run(call: Call, timeout: float, program: str | None = None, **values: str) -> tuple[int, str, str]:
            self.calls.append(tuple(call.vector("nginx", **values)[1:]))
            return (0, "", self.built) if call is NGINX_BUILT else (1, "", "nginx: [emerg] no in x:1")

        monkeypatch.setattr(nginx_files, "run", run)
        monkeypatch.setattr(nginx_files, "_running", lambda given: self.running)
        monkeypatch.setattr(nginx_files, "_binary", lambda running: "/usr/sbin/nginx")

    def find(self, given: Path | None = None, *, ask: bool = True) -> NginxFiles | None:
        self.calls.clear()
        return asyncio.run(nginx_files.find(str(given) if given else None, timeout=60, ask=ask))

    @property
    def asked(self) -> set[str]:
        return {call[0] for call in self.calls} - {"-V"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    tmp_path.chmod(0o755)
    return World(tmp_path, monkeypatch)


def test_its_own_is_asked(world: World) -> None:
    found = world.find()
    assert found is not None
    assert world.calls == [
        ("-V",),
        ("-T", "-c", str(world.conf), "-p", str(world.folder)),
        ("-t", "-c", str(world.conf), "-p", str(world.folder)),
    ]
    assert (found.tested, found.message) == (False, "no in x:1")
    world.find(world.conf)
    assert world.asked == {"-t"}, "named by the user it is the same file"


def test_offline_it_is_given_nothing(world: World) -> None:
    found = world.find(ask=False)
    assert found is not None
    assert found.tested is None
    assert world.calls == [("-V",)]


def test_a_file_from_elsewhere_is_given_to_nobody(world: World) -> None:
    other = world.folder / "other.conf"
    other.write_text("load_module /tmp/x.so;\n" + world.conf.read_text())
    found = world.find(other)
    assert found is not None
    assert found.tested is None
    assert [file.path for file in found.files] == [str(other)]
    assert world.asked == set()


def widened(world: World, path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o002)


def code(world: World, line: str) -> Path:
    module = world.folder / "modules" / "x"
    module.parent.mkdir()
    module.touch(0o755)
    world.conf.write_text(line + world.conf.read_text())
    return module


CHANGES: dict[str, Callable[[World], object]] = {
    "the main file": lambda world: widened(world, world.conf),
    "its folder": lambda world: widened(world, world.conf.parent),
    "an included file": lambda world: widened(world, world.site),
    "the folder of included files": lambda world: widened(world, world.site.parent),
    "an empty folder of included files": lambda world: emptied(world),
    "the prefix": lambda world: widened(world, world.folder),
    "a module": lambda world: widened(world, code(world, "load_module modules/x;")),
    "a module's folder": lambda world: widened(world, code(world, "load_module modules/x;").parent),
    "a script": lambda world: widened(world, code(world, f"init_by_lua_file {world.folder}/modules/x;")),
    "a pipe": lambda world: os.mkfifo(world.site.parent / "b.conf"),
    "a link to what others may write": lambda world: linked(world),
}


def emptied(world: World) -> None:
    world.site.unlink()
    widened(world, world.site.parent)


def linked(world: World) -> None:
    outside = world.folder / "outside"
    outside.mkdir()
    outside.chmod(0o777)
    world.site.rename(outside / "a.conf")
    world.site.symlink_to(outside / "a.conf")


@pytest.mark.parametrize("change", CHANGES)
def test_what_others_can_change_is_given_to_nobody(change: str, world: World) -> None:
    CHANGES[change](world)
    found = world.find()
    assert found is not None
    assert world.asked == set()
    assert found.tested is None
    assert found.source == "files"


def test_a_module_that_nobody_else_can_change_is_no_hindrance(world: World) -> None:
    code(world, "load_module modules/x;")
    world.find()
    assert world.asked == {"-T", "-t"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
@pytest.mark.parametrize("name", ["conf", "site"])
def test_root_gives_nobody_elses_file_to_nginx(name: str, world: World) -> None:
    os.chown(getattr(world, name), 12345, 0)
    world.find()
    assert world.asked == set()


def test_the_file_of_a_running_master_is_its_own_only_for_a_master_of_ours(world: World) -> None:
    conf = world.folder / "conf" / "another.conf"
    conf.write_text(SITE)
    for uid, asked in ((os.geteuid(), {"-T", "-t"}), (12345, set()), (None, set())):
        world.running = Nginx(master=1, conf=str(conf), prefix=str(world.folder / "conf"), uid=uid)
        world.find()
        assert world.asked == asked, uid
        assert all(str(conf.parent) in call for call in world.calls if call[0] != "-V")


def test_a_process_that_calls_itself_nginx_names_no_program(tmp_path: Path) -> None:
    real = command.find("nginx")
    for exe in ("/usr/bin/python3", "/bin/sh", str(tmp_path / "nginx"), "nginx", None):
        assert nginx_files._binary(Nginx(master=1, exe=exe)) == real
    bad = tmp_path / "nginx"
    bad.write_text("#!/bin/sh\n")
    bad.chmod(0o777)
    assert nginx_files._binary(Nginx(master=1, exe=str(bad))) == real
    bad.chmod(0o755)
    assert nginx_files._binary(Nginx(master=1, exe=str(bad))) == str(bad)


def test_what_nginx_does_not_say_of_itself_is_its_default(world: World) -> None:
    world.built = "nginx version: nginx/1.22.1"
    built = asyncio.run(nginx_files._built("nginx", 1.0))
    assert (built["prefix"], built["conf-path"]) == ("/usr/local/nginx", "/usr/local/nginx/conf/nginx.conf")


def test_what_nginx_printed_into_a_file_is_read_as_that(world: World) -> None:
    copied = world.folder / "nginx-T.txt"
    printed = (
        "[root@web01 ~]# nginx -T\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n"
        "# configuration file /etc/nginx/nginx.conf:\nevents { }\nhttp { include conf.d/*.conf; }\n\n"
        f"# configuration file /etc/nginx/conf.d/a.conf:\n{SITE}\n"
    )
    for behind in ("", "[root@web01 ~]# ", "deploy@web01:~$ exit\nlogout\n", "# a comment of the file\n"):
        copied.write_text(printed + behind)
        found = world.find(copied)
        assert found is not None
        assert (found.path, found.source, world.calls) == ("/etc/nginx/nginx.conf", "given", [("-V",)])
        files = {file.path: file.text.strip() for file in found.files}
        own = behind.strip() if behind.startswith("#") else ""
        assert files["/etc/nginx/conf.d/a.conf"] == f"{SITE}\n{own}".strip()


def test_a_pattern_whose_folder_is_not_here_may_name_files_elsewhere(world: World) -> None:
    given = world.folder / "site.conf"
    given.write_text(
        "server { listen 80; include /no/such/folder/*.conf; include sites-none/*.conf; include conf/*.x; }"
    )
    found = world.find(given)
    assert found is not None
    assert found.absent == ("/no/such/folder/*.conf", f"{world.folder}/sites-none/*.conf")
    own = world.find()
    assert own is not None
    assert own.absent == ()
