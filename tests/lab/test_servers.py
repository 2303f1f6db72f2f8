"""The lab's callback server is right in every mode, wrong as told; the API stand-in answers as the pages say."""

from __future__ import annotations

import asyncio
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests import clock
from wxalarm.lab import tcp
from wxalarm.lab.api import ERRORS, Api, api
from wxalarm.lab.callback import PAID, UNPAID, WRONG, callback
from wxalarm.lab.web import Heard, Said, serve
from wxalarm.probes import Failure
from wxalarm.probes import http as client
from wxalarm.wechat import catalogue, push
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.crypto import Keys, decrypt, signature

KEYS = Keys("labtoken", "wx0000000000000001", ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0",))
NOW = push.Moment(1767240000, "1514711492", b"0123456789abcdef")
TEXT = catalogue.by_name(Form.MESSAGE, "text")
TICKET = catalogue.by_name(Form.NOTICE, "component_verify_ticket")


async def send(request: push.Request) -> client.Exchange:
    parts = urlsplit(request.url)
    assert parts.hostname
    assert parts.port
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    sent = client.Request(request.method, parts.hostname, target, request.headers, request.body)
    return await client.exchange(parts.hostname, parts.port, sent, 5.0)


def test_verification_is_answered_and_a_wrong_signature_is_not() -> None:
    async def main() -> None:
        async with callback(KEYS) as site:
            right = await send(push.verification(site.url("/callback"), KEYS.token, NOW, "8641591277801631551"))
            assert (right.status, right.body) == (200, b"8641591277801631551")
            wrong = await send(push.verification(site.url("/callback"), "another", NOW, "8641591277801631551"))
            assert (wrong.status, wrong.body) == (403, b"")

    clock.run(main())


@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
def test_a_message_is_answered_as_its_mode_wants(mode: str) -> None:
    async def main() -> None:
        async with callback(KEYS, talkative=True) as site:
            got = await send(push.push(site.url("/callback"), TEXT, KEYS, NOW, account="gh_1", mode=mode))
            assert got.status == 200
            elements = push.elements_of(got.body)
            if mode != "plain":
                sealed = elements["Encrypt"]
                right = signature(KEYS.token, elements["TimeStamp"], elements["Nonce"], sealed)
                assert elements["MsgSignature"] == right
                elements = push.elements_of(decrypt(sealed, KEYS.encoding_aes_keys, KEYS.appid))
            assert (elements["ToUserName"], elements["FromUserName"]) == (push.OPENID, "gh_1")
            notice = await send(push.push(site.url("/callback"), TICKET, KEYS, NOW, account="", mode=mode))
            assert notice.body == b"success"

    clock.run(main())


def test_a_payment_signed_by_nobody_is_refused() -> None:
    async def main() -> None:
        async with callback(KEYS) as site:
            got = await send(push.payment(site.url("/notify"), NOW, appid=KEYS.appid))
            assert got.body == UNPAID
            assert push.elements_of(PAID)["return_code"] == "SUCCESS"

    clock.run(main())


@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_every_fault_changes_the_answer(wrong: str) -> None:
    heard = Heard("POST", "/callback?signature=x", (), b"<xml>push</xml>")
    rights = (Said(b"8641591277801631551"), Said(b"success"))  # to a verification, to a push
    assert any(WRONG[wrong](heard, right) != right for right in rights)


def test_a_server_that_hangs_up_is_empty_to_a_client() -> None:
    async def main() -> None:
        async with callback(KEYS, wrong="hang-up") as site:
            got = await send(push.push(site.url("/callback"), TEXT, KEYS, NOW, account="gh_1"))
            assert got.failure is Failure.EMPTY

    clock.run(main())


def test_leaving_stops_answers_that_are_under_way() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def late(heard: Heard) -> Said:
            arrived.set()
            return Said(delay=60)

        async with serve(late) as site:
            request = client.Request("GET", "127.0.0.1", "/")
            task = asyncio.create_task(client.exchange("127.0.0.1", site.port, request, 30.0))
            await asyncio.wait_for(arrived.wait(), 10)
            left = loop.time()
        assert (await task).failure is not None
        return loop.time() - left

    assert clock.run(main()) < 10


def test_a_connection_serves_several_requests() -> None:
    async def main() -> None:
        async with serve(lambda heard: Said(heard.body)) as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            for body in (b"a", b"bb"):
                writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
                assert head.startswith(b"HTTP/1.1 200 OK")
                assert await asyncio.wait_for(reader.readexactly(len(body)), 10) == body
            writer.close()
            await writer.wait_closed()
            assert [heard.body for heard in site.heard] == [b"a", b"bb"]

    clock.run(main())


# --- the API stand-in ------------------------------------------------------------------------------------------------


def said(stand_in: Api, method: str, target: str, body: object = None) -> dict[str, object]:
    text = b"" if body is None else json.dumps(body).encode()
    answer: dict[str, object] = json.loads(stand_in(Heard(method, target, (), text)).body)
    return answer


def test_the_stand_in_is_reached_over_http() -> None:
    async def main() -> None:
        async with api(Api()) as site:
            request = client.Request("GET", "127.0.0.1", "/cgi-bin/getcallbackip?access_token=lab-access-token")
            got = await client.exchange("127.0.0.1", site.port, request, 5.0)
            assert json.loads(got.body) == {"ip_list": ["203.0.113.0/25", "198.51.100.7"]}

    clock.run(main())


@pytest.mark.parametrize("errcode", sorted(ERRORS))
def test_every_error_can_be_told(errcode: int) -> None:
    stand_in = Api(errors={"/cgi-bin/getcallbackip": errcode})
    answer = said(stand_in, "GET", "/cgi-bin/getcallbackip?access_token=lab-access-token")
    assert answer["errcode"] == errcode
    assert str(answer["errmsg"]).startswith(ERRORS[errcode])


@pytest.mark.parametrize(
    ("method", "target", "body", "errcode"),
    [
        ("POST", "/cgi-bin/stable_token", {"secret": "x"}, 41002),
        ("POST", "/cgi-bin/stable_token", {"appid": "wx0000000000000001"}, 41004),
        ("POST", "/cgi-bin/stable_token", {"appid": "wx0000000000000002", "secret": "lab-app-secret"}, 40013),
        ("POST", "/cgi-bin/stable_token", {"appid": "wx0000000000000001", "secret": "wrong"}, 40125),
        ("GET", "/cgi-bin/getcallbackip", None, 41001),
        ("GET", "/cgi-bin/getcallbackip?access_token=old", None, 40001),
        ("POST", "/cgi-bin/callback/check?access_token=lab-access-token", {"action": "trace"}, 40202),
        ("POST", "/cgi-bin/callback/check?access_token=lab-access-token", {"check_operator": "X"}, 40203),
        ("POST", "/datacube/getinterfacesummaryhour?access_token=lab-access-token", {}, 61500),
        ("POST", "/cgi-bin/openapi/quota/get?access_token=lab-access-token", {"cgi_path": "x"}, 76021),
        ("POST", "/cgi-bin/openapi/rid/get?access_token=lab-access-token", {"rid": "x"}, 76001),
        ("POST", "/cgi-bin/component/api_start_push_ticket", {"component_appid": "x"}, 61011),
    ],
)
def test_wrong_calls_get_their_error(method: str, target: str, body: object, errcode: int) -> None:
    assert said(Api(), method, target, body)["errcode"] == errcode


def test_starting_a_stopped_ticket_push_says_ok_once() -> None:
    stand_in = Api(stopped=True)
    body = {"component_appid": stand_in.appid, "component_secret": stand_in.secret}
    first = said(stand_in, "POST", "/cgi-bin/component/api_start_push_ticket", body)
    second = said(stand_in, "POST", "/cgi-bin/component/api_start_push_ticket", body)
    assert first["errmsg"] == "ok"
    assert "normal state" in str(second["errmsg"])


def test_it_remembers_a_call_that_voids_the_token() -> None:
    stand_in = Api()
    assert not stand_in.voided
    said(stand_in, "GET", "/cgi-bin/token?grant_type=client_credential&appid=a&secret=b")
    assert stand_in.voided


def test_a_queue_that_is_full_for_a_time_is_so_for_whoever_comes_late() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with tcp.full_for(0.0) as port:
            await asyncio.sleep(4 * tcp.FULL_AFTER)
            with socket.socket() as late:
                late.setblocking(False)
                begun = loop.time()
                await loop.sock_connect(late, (tcp.LOOPBACK, port))
                # The first SYN was dropped: it is sent again after a second (RFC 6298, 2.1).
                assert loop.time() - begun > 0.9

    asyncio.run(main())
