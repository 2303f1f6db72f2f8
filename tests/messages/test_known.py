"""The names of others: the table itself, and that each is found as people write it and in the texts they paste."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.growth import assert_linear
from wxalarm.messages import LANGUAGES, catalogue, known
from wxalarm.model import AlarmKind

ENTRIES = known.entries()
CJK = re.compile(r"[\u4e00-\u9fff]")


def test_there_are_four_hundred_names_each_with_a_source() -> None:
    assert len({entry.name for entry in ENTRIES}) >= 400
    assert all(entry.source.strip() for entry in ENTRIES)
    assert len(set(ENTRIES)) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.family}-{entry.name}")
def test_an_entry_is_whole_and_in_both_languages(entry: known.Entry) -> None:
    assert entry.name
    assert CJK.search(entry.zh) or entry.family in ("http", "curl", "crypto", "mp"), entry
    assert not CJK.search(entry.en), entry
    assert bool(entry.do_zh) is bool(entry.do_en), entry
    assert not CJK.search(entry.do_en.replace("IP白名单", "")), entry
    assert entry in known.find(entry.name)
    for lang in LANGUAGES:
        assert catalogue(lang).word("known_family", entry.family) != entry.family
    if entry.family == "kind":
        assert entry.said in list(AlarmKind)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("40164", {"40164"}),
        (" 40164 ", {"40164"}),
        ("errcode=40164", {"40164"}),
        ('{"errcode":40164,"errmsg":"invalid ip 203.0.113.9, not in whitelist rid: 1"}', {"40164"}),
        ("invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6172-6126-040f", {"40164"}),
        ("reach max api daily quota limit, rid: 6172-6126-040f", {"45009"}),
        ("Error code: 40164, message: invalid ip", {"40164"}),
        ("错误代码：40164", {"40164"}),
        ("-40007", {"-40007"}),
        ("WXBizMsgCrypt_DecryptAES_Error", {"-40007"}),
        ("decrypt failed, ret=-40007", {"-40007"}),
        ("curl 52", {"52"}),
        ("cURL Error=52", {"52"}),
        ("curl: (52) Empty reply from server", {"52"}),
        ("CURL错误码：60", {"60", "CURL错误码"}),
        ("http code=405", {"405"}),
        ("HTTP 502", {"502"}),
        ("MsgType 20100", {"20100"}),
        ("[MsgType=20100]", {"20100"}),
        ("Event=Template Send Job Finish", {"Template Send Job Finish"}),
        ("outerip", {"OuterIP"}),
        ("[OuterIP]", {"OuterIP"}),
        ("回应失败", {"回应失败"}),
        ("markfail", {"MarkFail"}),
        ("Token验证失败，请检查后重试", {"Token验证失败"}),
        ("<err_code><![CDATA[SYSTEMERROR]]></err_code>", {"SYSTEMERROR"}),
        ('{"code":"PARAM_ERROR","message":"参数错误"}', {"PARAM_ERROR", "参数错误"}),
        ("upstream timed out (110: Connection timed out) while reading", {"upstream timed out"}),
        ("", set()),
        ("40164x", set()),
        ("order 40164 shipped", set()),
        ("http://example.com/404", set()),
        ("NOAUTHOR", set()),
        ("code: 0", set()),
    ],
)
def test_a_name_is_found_as_it_is_written(written: str, names: set[str]) -> None:
    assert {entry.name for entry in known.find(written)} == names


def test_one_name_can_have_several_meanings() -> None:
    assert {entry.family for entry in known.find("40001")} == {"mp", "wecom"}
    assert {entry.said for entry in known.find("-40005")} == {
        "WXBizMsgCrypt_ValidateAppid_Error",
        "WXBizMsgCrypt_ValidateCorpid_Error",
    }
    assert [entry.family for entry in known.find("curl 7")] == ["curl"]


def test_mentions_have_their_first_line_and_how_often() -> None:
    text = "start\nerrcode: 40164\nTokenMismatchException in VerifyCsrfToken.php\nerrcode: 40164\nerrcode: 999999\n"
    found = [(mention.name, mention.line, mention.times, bool(mention.entries)) for mention in known.mentions(text)]
    assert found == [
        ("40164", 2, 2, True),
        ("TokenMismatchException", 3, 1, True),
        ("999999", 5, 1, False),
    ]


def test_a_line_that_is_a_name_and_nothing_else_is_one_among_others() -> None:
    text = "cURL Error=35\n  Click Menu Url\nsomebody said Click Menu Url yesterday\n40001\nrecord not found\n"
    assert [(one.name, one.line) for one in known.mentions(text)] == [("35", 1), ("Click Menu Url", 2)]


def test_an_ordinary_text_mentions_nothing() -> None:
    text = "GET /wx 200 12ms\nuser 40003 bought 52 apples for 502 yuan, code 7\nerrcode: 0\n"
    assert known.mentions(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("40001 invalid credential, access_token is invalid or not latest", "40001"),
        ("WeChatClientException: Error code: 48001, message: api unauthorized", "48001"),
        ("45009, reach max api daily quota limit rid: 0-0", "45009"),
        ("40001 invalid input of a form", None),
        ("order 40001 invalid credential", "40001"),
        ("v1.40001 invalid credential", None),
        ("40001 rows affected", None),
        ("Error: invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 0-0", "40164"),
        ("40164 invalid ip 203.0.113.7, not in whitelist", "40164"),
        ("the client has an invalid ip 203.0.113.7", None),
        ("  at API.sendText\ncode: 40164\nname: WeChatAPIError", "40164"),
        ("{ code: 40029, message: 'x' }", "40029"),
        ("{ code: 40000, message: 'of our own' }", None),
        ("zip code: 40164", None),
    ],
)
def test_a_number_is_an_errcode_with_its_own_message_behind_it(text: str, name: str | None) -> None:
    assert [mention.name for mention in known.mentions(text)] == ([name] if name else [])


@pytest.mark.parametrize(
    "part",
    [
        "40001 invalid ",
        "errcode: ",
        "[",
        "[OuterIP",
        "curl",
        "http ",
        '"code" ',
        "-40001 ",
        "ret=40164\n",
        " 中",
        "invalid ip x ",
        "{code: ",
    ],
)
def test_a_hostile_text_is_searched_in_linear_time(part: str) -> None:
    def made(size: int) -> Callable[[], object]:
        text = part * (size // len(part))
        return lambda: known.mentions(text)

    assert_linear(made, 1 << 19)


def test_many_numbers_are_looked_up_in_linear_time() -> None:
    def made(size: int) -> Callable[[], object]:
        text = "".join(f"{number} bytes sent\n" for number in range(size // 18))
        return lambda: known.mentions(text)

    assert_linear(made, 1 << 19)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("token验证失败", "Token验证失败"),
        ("配置失败\n请求URL超时", "请求URL超时"),
        ("配置失败", "配置失败"),
        ("系统发生错误，请稍后重试", "系统发生错误"),
        ("该公众号提供的服务出现故障，请稍后再试", "该公众号提供的服务出现故障，请稍后再试"),
        ("Token 是什么", None),
        ("errcode -106", None),
        ("昨天公众号报警了", None),
    ],
)
def test_the_consoles_own_words_are_known_by_the_notice_that_says_most(text: str, name: str | None) -> None:
    found = known.of_console(text)
    assert (found and found.name) == name


def test_a_string_of_a_log_is_one_that_its_program_prints() -> None:
    """uWSGI's core/master.c; a page had it with an article that no program prints."""
    line = '*** uWSGI listen queue of socket "127.0.0.1:3031" (fd: 3) full !!! (101/100) ***'
    assert [mention.name for mention in known.mentions(line)] == ["listen queue of socket"]
    assert known.mentions("the listen queue was short") == []


def test_a_push_is_known_by_its_name_in_the_xml_too() -> None:
    assert [entry.name for entry in known.find("component_verify_ticket")] == ["Component Ticket"]
    assert known.find("TEMPLATESENDJOBFINISH") == known.find("Event=Template Send Job Finish")
    assert known.find("component_verify_ticke") == ()
