"""openssl s_client as the oracle: its verdict on a certificate, with the laboratory's authority, is ours."""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
from collections.abc import Callable

import pytest

from wxalarm.lab import http as lab
from wxalarm.lab import tls as lab_tls
from wxalarm.lab.certificates import Authority, Identity, self_signed
from wxalarm.probes import http, tls
from wxalarm.probes.tls import Secured

OPENSSL = shutil.which("openssl")
pytestmark = [pytest.mark.oracle, pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")]
HOST = "wx.example.com"


def with_its_root(identity: Identity, authority: Authority) -> Identity:
    return Identity(identity.key, (*identity.chain, authority.root))


def of_a_stranger(_: Authority) -> Identity:
    return Authority("Stranger").issue(HOST)


def of_a_stranger_with_root(_: Authority) -> Identity:
    stranger = Authority("Stranger")
    return with_its_root(stranger.issue(HOST), stranger)


CERTIFICATES: dict[str, tuple[Callable[[Authority], Identity], int]] = {
    "good": (lambda a: a.issue(HOST), 0),
    "good for another name too": (lambda a: a.issue("example.cn", HOST), 0),
    "good by an asterisk": (lambda a: a.issue("*.example.com"), 0),
    "good with its root": (lambda a: with_its_root(a.issue(HOST), a), 0),
    "expired": (lambda a: a.issue(HOST, days=-3), 10),
    "not yet valid": (lambda a: a.issue(HOST, since=1), 9),
    "another name": (lambda a: a.issue("example.cn"), 62),
    "an asterisk of another depth": (lambda a: a.issue("*.com"), 62),
    "self-signed": (lambda a: self_signed(HOST), 18),
    "no intermediate": (lambda a: a.issue(HOST).alone(), 20),
    "unknown authority": (of_a_stranger, 20),
    "unknown authority that sends its root": (of_a_stranger_with_root, 19),
}


async def s_client(port: int, *options: str) -> str:
    """All that openssl prints of a handshake."""
    assert OPENSSL is not None
    process = await asyncio.create_subprocess_exec(
        *(OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}", "-servername", HOST, *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    return out.decode("utf-8", "replace")


async def verdict(port: int, ca_file: str) -> int:
    """The number of openssl's verdict; 0 is good."""
    text = await s_client(port, "-verify_hostname", HOST, "-verify_return_error", "-CAfile", ca_file)
    found = re.search(r"verify error:num=(\d+)", text) or re.search(r"Verify return code: (\d+)", text)
    assert found, text
    return int(found[1])


def looked(context: ssl.SSLContext, authority: Authority) -> tuple[Secured, int]:
    """What our probe and openssl say of one server."""

    async def main() -> tuple[Secured, int]:
        with authority.file() as ca_file:
            async with lab.serve(lab.respond(), tls=context) as port:
                made = await tls.look("127.0.0.1", port, HOST, 5, http.trusted(ca_file))
                return made, await verdict(port, ca_file)

    return asyncio.run(main())


@pytest.mark.parametrize("name", CERTIFICATES)
def test_our_verdict_is_openssls(name: str) -> None:
    make, expected = CERTIFICATES[name]
    authority = Authority()
    identity = make(authority)
    made, theirs = looked(identity.context(), authority)
    assert (made.trusted.verify_code or 0, theirs) == (expected, expected)
    assert [one.subject for one in made.chain] == [one.subject.rfc4514_string() for one in identity.chain]


SERVERS = {"both": (None, None), "1.2 only": (None, ssl.TLSVersion.TLSv1_2), "1.3 only": (ssl.TLSVersion.TLSv1_3, None)}


@pytest.mark.parametrize(("option", "version"), [("-tls1_2", "1.2"), ("-tls1_3", "1.3")])
@pytest.mark.parametrize("server", SERVERS)
def test_a_version_works_for_us_when_it_works_for_openssl(server: str, option: str, version: str) -> None:
    oldest, newest = SERVERS[server]
    context = Authority().issue(HOST).context(oldest=oldest, newest=newest)

    async def main() -> tuple[Secured, bool]:
        async with lab.serve(lab.respond(), tls=context) as port:
            made = await tls.look("127.0.0.1", port, HOST, 5, http.trusted())
            return made, re.search(r"Cipher is (?!\(NONE\))", await s_client(port, option)) is not None

    made, theirs = asyncio.run(main())
    assert (made.versions[version].failure is None) is theirs


def test_an_old_server_is_told_from_a_broken_one() -> None:
    authority = Authority()
    made, _ = looked(lab_tls.only_old(authority.issue(HOST)), authority)
    assert made.versions["1.0"].version in {"TLSv1", "TLSv1.1"}
