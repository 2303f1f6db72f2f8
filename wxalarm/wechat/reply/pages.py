"""HTML pages by the program that writes them. What somebody else answered says where to look."""

from __future__ import annotations

import re
from typing import NamedTuple

SEARCHED = 1 << 16
"""Bytes of a page that are looked at."""


class Page(NamedTuple):
    """A page that was recognised: a key of [words.reply_page] and the title it shows."""

    name: str
    title: str


_ALIKE = re.compile(
    r"<!doctype html|<(?:html|head|body|title|center|script|meta|div|h[1-6]|p|br|pre|font|table)\b", re.I
)
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,200}?)</title", re.I | re.S)
_PHP = re.compile(
    r"<b>(?:(?:catchable )?fatal error|warning|notice|parse error|deprecated|strict standards)</b>:", re.I
)
_PHP_PLAIN = re.compile(r"\A\s{0,80}(?:PHP )?(?:Fatal error|Warning|Notice|Parse error|Deprecated): ")
PHP_MESSAGE = re.compile(
    r"(?:(?:Fatal error|Warning|Notice|Parse error|Deprecated)(?:</b>)?:\s{1,8})(.{1,200}?)(?:<br|\n|\Z)", re.I | re.S
)

# In this order: what is surest first. All lower case; one of the words is enough.
_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "for-sale",
        ("is for sale", "域名出售", "域名交易", "buy this domain", "域名知识产权交易", "sedoparking", "domain parking"),
    ),
    ("icp", ("未备案", "备案号未", "尚未备案", "根据工信部", "根据工业和信息化部")),
    ("tunnel", ("err_ngrok", "ngrok", "natapp", "tunnel not found", "内网穿透", "花生壳")),
    (
        "waf",
        (
            "security_session_verify",
            "acw_sc__v",
            "safedog",
            "安全狗",
            "yunsuo",
            "cf-browser-verification",
            "cf_chl_opt",
            "just a moment...",
            "attention required! | cloudflare",
            "errors.aliyun.com",
            "安全验证",
            "访问被拦截",
            "访问被阻断",
            "您的请求可能存在威胁",
            "网站防火墙",
            "_guard/",
            "请开启javascript",
            "slidercaptcha",
            "waf拦截",
            "web应用防火墙",
            "please enable cookies",
            "checking your browser",
        ),
    ),
    ("aspnet", ("server error in '", "运行时错误", "runtime error</title", "asp.net", "“/”应用程序中的服务器错误")),
    ("spring", ("whitelabel error page",)),
    (
        "django",
        (
            "you're seeing this error because you have",
            "django version",
            "disallowedhost at",
            "csrf verification failed",
        ),
    ),
    (
        "werkzeug",
        (
            "werkzeug debugger",
            "the server encountered an internal error and was unable to complete your request.  either",
        ),
    ),
    ("laravel", ("laravel", "whoops, looks like something went wrong")),
    ("thinkphp", ("thinkphp", "系统发生错误", "页面错误！请稍后再试")),
    ("express", ("<pre>cannot post ", "<pre>cannot get ")),
    ("tomcat", ("apache tomcat/", "http status 404 –", "http status 500 –", "http status 404 -", "http status 500 -")),
    ("tengine", ("<center>tengine", "powered by tengine")),
    ("openresty", ("<center>openresty",)),
    ("nginx", ("<center>nginx", "welcome to nginx!")),
    ("apache", ("<address>apache", "-//ietf//dtd html 2.0//en", "it works!</h1>")),
    ("iis", ("iis windows server", "internet information services", "服务器错误</h1>", "404 - 找不到文件或目录")),
)
_REDIRECT = re.compile(
    r"<title>\s{0,20}(?:30[12378]\b|object moved|document moved|moved |redirect|found</title|跳转)|"
    r"<h1>\s{0,20}(?:30[12378]\b|object moved|moved permanently|redirecting)|"
    r"http-equiv\s{0,4}=\s{0,4}[\"']?refresh|>redirecting to |"
    r"(?:window\.|self\.|top\.)?location(?:\.href)?\s{0,4}=\s{0,4}[\"']|location\.replace\(",
    re.I,
)
_LOGIN = re.compile(
    r"type\s{0,4}=\s{0,4}[\"']?password|<title>[^<]{0,60}(?:登录|登陆|sign in|log ?in|统一认证|单点登录)", re.I
)
_TARGET = re.compile(r"(?:href\s{0,4}=\s{0,4}|url\s{0,4}=\s{0,4}|replace\()[\"']?([^\"'\s<>]{1,200})", re.I)


def page_of(text: str) -> Page | None:
    """The page that a body is, or None when it is no HTML."""
    head = text[:SEARCHED]
    if _PHP.search(head) or _PHP_PLAIN.match(head):
        return Page("php", _php_message(head))
    begin = head.lstrip()[:1]
    if begin != "<" and not re.search(r"<(?:!doctype html|html|body|script)\b", head, re.I):
        return None
    if not _ALIKE.search(head):
        return None
    title = " ".join(found[1].split()) if (found := _TITLE.search(head)) else ""
    return Page(_name(head), title)


def _php_message(head: str) -> str:
    found = PHP_MESSAGE.search(head)
    return " ".join(re.sub(r"</?\w{1,10}[^>]{0,100}>", "", found[1]).split()) if found else ""


def _name(head: str) -> str:
    low = head.lower()
    for name, marks in _MARKS[:4]:
        if any(mark in low for mark in marks):
            return name
    if _LOGIN.search(head):
        return "login"
    if _REDIRECT.search(head):
        return "redirect"
    for name, marks in _MARKS[4:]:
        if any(mark in low for mark in marks):
            return name
    return "other"


def target_of(text: str) -> str:
    """Where a redirect page leads; "" when it does not say."""
    found = _TARGET.search(text[:SEARCHED])
    return found[1] if found else ""
