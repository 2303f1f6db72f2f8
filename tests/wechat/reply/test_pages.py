"""Pages by who wrote them: every mark that stands in one is known, and the surest decides."""

from __future__ import annotations

import pytest

from wxalarm.wechat.reply.pages import page_of

PAGES = {
    "for-sale": [
        *(
            "<title>example.cn is for sale</title>",
            "<h1>域名出售</h1>",
            "<h1>域名交易平台</h1>",
            "<a>Buy this domain</a>",
        ),
        *(
            "<p>阿里云域名知识产权交易</p>",
            '<script src="//img.sedoparking.com/x.js">',
            "<title>Domain Parking</title>",
        ),
    ],
    "icp": [
        *("<p>网站未备案</p>", "<p>网站备案号未查到</p>", "<p>您访问的域名尚未备案</p>"),
        *("<p>根据工信部规定</p>", "<p>根据工业和信息化部的要求</p>"),
    ],
    "tunnel-page": [
        "<noscript>You are about to visit x.example.com, served by 203.0.113.9. (ERR_NGROK_6024)</noscript>",
        "<p>You should only visit this website if you trust whoever sent the link to you.</p>",
    ],
    "tunnel": [
        *("<p>ERR_NGROK_3200</p>", "<p>Served by ngrok</p>", "<title>NATAPP</title>", "<p>Tunnel not found</p>"),
        *("<p>免费内网穿透</p>", "<p>花生壳管理</p>"),
    ],
    "waf": [
        *("<script>security_session_verify()</script>", "<script>var acw_sc__v2</script>", "<p>safedog</p>"),
        *(
            "<p>网站安全狗</p>",
            "<p>yunsuo_session</p>",
            '<div class="cf-browser-verification">',
            "<script>cf_chl_opt</script>",
        ),
        *("<title>Just a moment...</title>", "<title>Attention Required! | Cloudflare</title>"),
        *('<meta content="errors.aliyun.com">', "<p>安全验证</p>", "<p>访问被拦截</p>", "<p>您的访问被阻断</p>"),
        *(
            "<p>您的请求可能存在威胁</p>",
            "<title>网站防火墙</title>",
            '<script src="/_guard/auto.js">',
            "<p>请开启JavaScript</p>",
        ),
        *("<div class=slidercaptcha>", "<p>WAF拦截</p>", "<p>Web应用防火墙</p>", "<p>Please enable cookies.</p>"),
        "<p>Checking your browser before accessing</p>",
    ],
    "aspnet": [
        *("<h1>Server Error in '/' Application.</h1>", "<title>运行时错误</title>", "<title>Runtime Error</title>"),
        *("<p>Microsoft .NET Framework; ASP.NET</p>", "<h1>“/”应用程序中的服务器错误。</h1>"),
    ],
    "spring": ["<h1>Whitelabel Error Page</h1>"],
    "django": [
        *("<p>You're seeing this error because you have <code>DEBUG = True</code></p>", "<th>Django Version:</th>"),
        *("<title>DisallowedHost at /wx</title>", "<p>CSRF verification failed. Request aborted.</p>"),
    ],
    "werkzeug": [
        "<title>KeyError // Werkzeug Debugger</title>",
        "<p>The server encountered an internal error and was unable to complete your request.  Either it is busy</p>",
        "<p>The server encountered an internal error and was unable to complete your request. Either the server</p>",
    ],
    "laravel": ["<title>Laravel</title>", "<p>Whoops, looks like something went wrong.</p>"],
    "thinkphp": ["<title>ThinkPHP</title>", "<title>系统发生错误</title>", "<h1>页面错误！请稍后再试～</h1>"],
    "express": ["<pre>Cannot POST /wx</pre>", "<pre>Cannot GET /wx</pre>"],
    "tomcat": [
        *("<h3>Apache Tomcat/9.0.80</h3>", "<h1>HTTP Status 404 – Not Found</h1>", "<h1>HTTP Status 500 – Error</h1>"),
        *("<h1>HTTP Status 404 - /wx</h1>", "<h1>HTTP Status 500 - </h1>"),
    ],
    "tengine": ["<center>tengine/2.3.3</center>", "<p>Powered by Tengine</p>"],
    "openresty": ["<center>openresty/1.21</center>"],
    "nginx": ["<center>nginx/1.24.0</center>", "<h1>Welcome to nginx!</h1>"],
    "apache": [
        *("<address>Apache/2.4.57 Server</address>", '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">'),
        "<h1>It works!</h1>",
    ],
    "iis": [
        *("<title>IIS Windows Server</title>", "<h2>Internet Information Services</h2>", "<h1>服务器错误</h1>"),
        "<title>404 - 找不到文件或目录。</title>",
    ],
    "php": [
        *("<b>Fatal error</b>: x", "<b>Catchable fatal error</b>: x", "<b>Warning</b>: x", "<b>Notice</b>: x"),
        *("<b>Parse error</b>: x", "<b>Deprecated</b>: x", "<b>Strict Standards</b>: x"),
    ],
    "login": [
        *("<input type=password>", '<input type="password">', "<title>统一登录</title>", "<title>请登陆</title>"),
        *("<title>Sign in</title>", "<title>Log in</title>", "<title>Login</title>", "<title>单点登录</title>"),
    ],
    "redirect": [
        *("<title>302 Found</title>", "<title>301 Moved Permanently</title>", "<h1>Object Moved</h1>"),
        *(
            "<title>Document Moved</title>",
            "<title>跳转中</title>",
            '<meta http-equiv="refresh" content="0;url=/login">',
        ),
        *('<script>window.location.href="/x"</script>', '<script>location.replace("/x")</script>'),
    ],
    "other": ["<p>Hello</p>", "<title>Welcome</title>"],
}


@pytest.mark.parametrize(("name", "mark"), [(name, mark) for name, marks in PAGES.items() for mark in marks])
def test_a_mark_names_the_page(name: str, mark: str) -> None:
    page = page_of(f"<html><body>{mark}</body></html>")
    assert page is not None
    assert page.name == ("waf-named" if page.who else name)


@pytest.mark.parametrize(
    ("mark", "who"),
    [
        ("<script>cf_chl_opt</script>", "Cloudflare"),
        ("<script>var acw_sc__v2</script>", "阿里云 WAF"),
        ("<script src=/t-sec-waf.js>", "腾讯云 WAF"),
        ("<p>Chaitin SafeLine</p>", "长亭雷池 SafeLine"),
        ("<p>btwaf</p>", "宝塔 WAF"),
        ("<p>safedog</p>", "安全狗"),
        ("<p>yunsuo_session</p>", "云锁"),
        ("<script>__jsl_clearance_s</script>", "创宇盾"),
        ("<p>360wzws</p>", "360 网站卫士"),
        ("<p>yunjiasu-nginx</p>", "百度云加速"),
        ('<iframe src="/_Incapsula_Resource">', "Imperva"),
        ("<p>访问被拦截</p>", ""),
        ("<p>Hello</p>", ""),
    ],
)
def test_a_firewall_is_named(mark: str, who: str) -> None:
    page = page_of(f"<html><body>{mark}</body></html>")
    assert page is not None
    assert page.who == who


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("“/”应用程序中的服务器错误。 运行时错误 说明: …", "aspnet"),
        ("Server Error in '/shop' Application. Runtime Error", "aspnet"),
        ("  Whitelabel Error Page\nThis application has no explicit mapping", "spring"),
        ("HTTP状态 404 - 未找到", "tomcat"),
        ("Forbidden (403)\nCSRF verification failed. Request aborted.", "django"),
        ("Internal Server Error\nThe server encountered an internal error and was unable to complete", "werkzeug"),
        ("Method Not Allowed The method is not allowed for the requested URL.", "werkzeug"),
        ("Cannot POST /wx", "express"),
        ("Whoops, looks like something went wrong.", "laravel"),
        ("系统发生错误 您可以选择重试", "thinkphp"),
        ("502 Bad Gateway 502 Bad Gateway nginx/1.24.0", "nginx"),
        ("504 Gateway Time-out\nopenresty", "openresty"),
        ("403 Forbidden Sorry for the inconvenience. Powered by Tengine", "tengine"),
        ("抱歉，您的请求疑似攻击行为，网站防火墙已拦截", "waf"),
        ("该网站暂时无法访问：尚未备案", "icp"),
        ("success", None),
        ("ok nginx", None),
        ("服务器错误", None),
    ],
)
def test_a_page_without_its_tags_is_known_by_how_it_begins(text: str, name: str | None) -> None:
    page = page_of(text)
    assert (page and page.name) == name


@pytest.mark.parametrize(
    "shell",
    ["<div id=app></div>", '<div id="root"><div class="loading"></div></div>', "<app-root></app-root>"],
)
def test_the_page_of_a_single_page_application_is_no_login_and_no_redirect(shell: str) -> None:
    scripts = "<script>location.href = '/x'</script>"
    page = page_of(f"<!doctype html><html><head>{scripts}</head><body>{shell}</body></html>")
    assert page is not None
    assert page.name == "spa"


def test_what_stands_in_front_is_told_before_what_stands_behind() -> None:
    """A firewall's page with nginx's name in it is the firewall's; a login page with a form is nobody's error page."""
    front = page_of("<html><title>网站防火墙</title><center>nginx</center></html>")
    assert front is not None
    assert front.name == "waf"
    login = page_of("<html><title>Laravel</title><input type=password></html>")
    assert login is not None
    assert login.name == "login"
