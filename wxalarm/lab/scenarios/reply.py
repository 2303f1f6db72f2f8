"""Scenarios of the reply: the alarm shows the body, and that is enough. No server is started."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta

from wxalarm.config import Settings
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import HOST, INVALID_RESPONSE
from wxalarm.model import BEIJING

OPENID = "oAAAAAAAAAAAAAAAAAAAAAAAAAA1"
TICKET_INVALID = "微信服务器向公众号服务开发者推送component_verify_ticket时，得到的回应不合法（应返回success）"
_MESSAGE = f"""<xml>
<ToUserName><![CDATA[{OPENID}]]></ToUserName>
<FromUserName><![CDATA[gh_000000000001]]></FromUserName>
<CreateTime>{{seconds}}</CreateTime>
<MsgType><![CDATA[text]]></MsgType>
<Content><![CDATA[{{content}}]]></Content>
</xml>"""
_PAGE = """<!DOCTYPE html>
<html>
    <head>
        <title>运行时错误</title>
        <style>body {font-family:"Verdana";font-weight:normal}</style>
    </head>
    <body><h1>“/”应用程序中的服务器错误。</h1></body>
</html>"""


def _alarm(groups: str, body: str, description: str = INVALID_RESPONSE) -> Staged:
    """A stage without a server: the alarm alone is diagnosed."""
    seen = (datetime.now(BEIJING) - timedelta(minutes=6)).replace(microsecond=0)
    stamp = f"{seen.timestamp():.0f}"
    groups = groups.format(stamp=stamp)
    body = body.replace("{seconds}", stamp)
    text = f"""\
Appid: wx0000000000000001
昵称: 示例公众号
时间: {seen:%Y-%m-%d %H:%M:%S}
内容: {description}
次数: 5分钟 41次
错误样例: {groups}[response_length={len(body.encode())}][response_content={body}]
报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg
"""
    return Staged(text, Settings(offline=True))


_URL = f"[3rdUrl=http://{HOST}/wechat/callback]"


def _scene(make: Callable[[], Staged]) -> Callable[[], AbstractAsyncContextManager[Staged]]:
    @asynccontextmanager
    async def stage() -> AsyncIterator[Staged]:
        yield make()

    return stage


def _groups(*push: str) -> str:
    return f"[OpenID={OPENID}][Stamp={{stamp}}]{_URL}{''.join(push)}[ip=192.0.2.10]"


def _quoted() -> Staged:
    return _alarm(f"[3rdUrl=http://{HOST}/platform/ticket]", '"success"', TICKET_INVALID)


def _unsubscribed() -> Staged:
    body = _MESSAGE.replace("{content}", "再见，欢迎再来")
    return _alarm(_groups("[Msg=Subscribe]", "[Event=UnSubscribe]"), body)


def _page() -> Staged:
    return _alarm(_groups("[Msg=Subscribe]", "[Event=Subscribe]"), _PAGE)


def _milliseconds() -> Staged:
    body = _MESSAGE.replace("{content}", "你好").replace("{seconds}", "{seconds}000")
    return _alarm(_groups("[Msg=Text]"), body)


SCENARIOS = (
    Scenario("reply-quoted", "reply-quoted", _scene(_quoted)),
    Scenario("reply-unsubscribe", "reply-not-allowed", _scene(_unsubscribed)),
    Scenario("reply-error-page", "reply-html", _scene(_page)),
    Scenario("reply-milliseconds", "reply-createtime-milliseconds", _scene(_milliseconds)),
)
