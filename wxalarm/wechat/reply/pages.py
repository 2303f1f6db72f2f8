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
    who: str = ""
    """The product, of a page of "waf-named"."""


_ALIKE = re.compile(
    r"<!doctype html|<(?:html|head|body|title|center|script|meta|div|h[1-6]|p|br|pre|font|table)\b", re.I
)
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,200}?)</title", re.I | re.S)
_PHP = re.compile(
    r"<b>(?:(?:catchable )?fatal error|warning|notice|parse error|deprecated|strict standards)</b>:", re.I
)
_PHP_PLAIN = re.compile(r"\A\s{0,80}(?:PHP )?(?:Fatal error|Warning|Notice|Parse error|Deprecated): ")
PHP_MESSAGE = re.compile(
    r"(?:(?:Fatal error|Warning|Notice|Parse error|Deprecated)(?:</b>)?:\s{1,8})(.{1,600}?)(?:<br|\n|\Z)", re.I | re.S
)

WAFS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Cloudflare", ("cf-browser-verification", "cf_chl_opt", "| cloudflare", "just a moment...")),
    ("阿里云 WAF", ("acw_sc__v", "errors.aliyun.com")),
    ("腾讯云 WAF", ("waf.tencent-cloud", "waf_uuid", "t-sec-waf")),
    ("长亭雷池 SafeLine", ("safeline", "chaitin")),
    ("宝塔 WAF", ("btwaf", "宝塔网站防火墙", "宝塔云waf")),
    ("安全狗", ("safedog", "安全狗")),
    ("云锁", ("yunsuo", "security_session_verify")),
    ("创宇盾", ("__jsl_clearance", "创宇盾", "365cyd")),
    ("360 网站卫士", ("wangzhan.360", "360wzws", "网站卫士")),
    ("百度云加速", ("yunjiasu", "云加速")),
    ("Imperva", ("_incapsula_resource", "incapsula incident")),
)
"""Web firewalls and bot checks by the marks of their pages, all lower case. Common knowledge, unverified: none of them
documents its pages."""
IN_FRONT = ("for-sale", "icp", "tunnel", "tunnel-page", "waf", "waf-named")
"""Pages of whoever stands in front of the server: the status is theirs, too."""
# In this order: what is surest first. All lower case; one of the words is enough.
_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "for-sale",
        ("is for sale", "域名出售", "域名交易", "buy this domain", "域名知识产权交易", "sedoparking", "domain parking"),
    ),
    (
        "icp",
        (
            "未备案",
            "备案号未",
            "尚未备案",
            "根据工信部",
            "根据工业和信息化部",
            "non-compliance icp filing",
            "batit.aliyun.com",
            "webblock.html",
        ),
    ),
    ("tunnel-page", ("err_ngrok_6024", "should only visit this website if you trust whoever sent the link")),
    ("tunnel", ("err_ngrok", "ngrok", "natapp", "tunnel not found", "内网穿透", "花生壳")),
    (
        "waf",
        (
            *(mark for _, marks in WAFS for mark in marks),
            "attention required! | cloudflare",
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
            "the server encountered an internal error and was unable to complete your request. either",
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
_SHELL = re.compile(
    r"<div\s{1,4}id\s{0,2}=\s{0,2}[\"']?(?:app|root|__next|__nuxt|q-app)[\"']?\s{0,4}>\s{0,80}(?:</div>|<div)|<app-root>\s{0,80}</app-root>"
    r"|you need to enable javascript to run this app|doesn't work properly without javascript enabled",
    re.I,
)
"""The page of a single-page application: a place to fill in, and scripts."""
# fmt: off
_STRIPPED = (
    ("aspnet", r"[“\"']?/[^ ]{0,40}[”\"']? ?应用程序中的服务器错误|Server Error in ['‘]?/[^ ]{0,40} Application"),
    ("spring", r"Whitelabel Error Page"),
    ("tomcat", r"HTTP (?:Status|状态) ?\d{3} ?[–—-]|HTTP状态 ?\d{3}"),
    ("django", r"(?:Forbidden \(403\) )?CSRF verification failed|DisallowedHost at /|Forbidden \(403\) CSRF"),
    ("werkzeug", r"(?:Internal Server Error )?The server encountered an internal error and was unable to complete"),
    ("werkzeug", r"(?:Method Not Allowed )?The method is not allowed for the requested URL"),
    ("express", r"(?:Error )?Cannot (?:POST|GET|PUT) /"),
    ("laravel", r"Whoops, looks like something went wrong"),
    ("thinkphp", r"系统发生错误|页面错误！请稍后再试"),
    ("tengine", r"(?:\d{3} [A-Z][\w' -]{2,40} ){1,2}(?:Sorry for the inconvenience.{0,200})?tengine"),
    ("openresty", r"(?:\d{3} [A-Z][\w' -]{2,40} ){1,2}openresty"),
    ("nginx", r"(?:\d{3} [A-Z][\w' -]{2,40} ){1,2}nginx|Welcome to nginx!"),
    ("waf", r".{0,60}(?:访问被(?:拦截|阻断)|您的(?:请求|访问).{0,20}(?:威胁|拦截|阻断)|网站防火墙)"),
    ("icp", r".{0,60}(?:未备案|尚未备案|根据工信部|根据工业和信息化部)"),
)
# fmt: on
"""How the text of a page begins when its tags were taken out, as a log or a chat tool does it. Compiled when needed."""
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
    if begin != "<" and (name := _stripped(head)):
        return Page(name, "")
    if begin != "<" and not re.search(r"<(?:!doctype html|html|body|script)\b", head, re.I):
        return None
    if not _ALIKE.search(head):
        return None
    title = " ".join(found[1].split()) if (found := _TITLE.search(head)) else ""
    name = _name(head)
    who = next((product for product, marks in WAFS if any(mark in head.lower() for mark in marks)), "")
    return Page("waf-named", title, who) if name == "waf" and who else Page(name, title)


def _stripped(text: str) -> str | None:
    """The page whose tags somebody took out, by how its text begins."""
    plain = " ".join(text[:400].split())
    return next((name for name, begin in _STRIPPED if re.match(begin, plain, re.I)), None)


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
    if _SHELL.search(head):
        return "spa"
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
