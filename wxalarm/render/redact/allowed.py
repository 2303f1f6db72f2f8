"""What may stay in a text from outside: words of the protocols, names whose values are harmless, forms of values.

An allow-list: the value of a name that is not here is masked unless it is harmless itself. Words only, no search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from wxalarm.render.redact import forms
from wxalarm.wechat import catalogue


def _names(text: str) -> frozenset[str]:
    return frozenset(text.lower().replace("-", "_").split())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARMLESS = _names(
    """
    ToUserName FromUserName CreateTime MsgType Event EventKey MsgId MsgID Content Status TotalCount FilterCount
    SentCount ErrorCount ArticleCount Articles Title Description Url PicUrl MediaId Format Recognition Scale Label
    Location_X Location_Y Latitude Longitude Precision TimeStamp InfoType AppId AppType Host IP OuterIP Stamp 3rdUrl
    Msg resp response_length response_content curl cURL_Error http_code Appid OpenID transaction_id return_code
    return_msg result_code err_code err_code_des trade_type trade_state fee_type bank_type total_fee cash_fee
    time_end xml encrypt_type timestamp openid component_appid authorizer_appid errcode errmsg errorcode errormsg
    err error errors code msg message status statuscode success result ok reason detail details type name file line
    trace exception title expires_in total quota_limit used remain daily_limit rid path uri url host hostname server
    upstream request referrer client addr address remote_addr remote_user port proto protocol scheme method
    user_agent referer level time datetime date created updated start end elapsed duration timeout rt uct uht urt
    request_time upstream_response_time upstream_connect_time upstream_header_time upstream_status upstream_addr
    body_bytes_sent bytes_sent bytes request_length connection connections pid tid worker module Accept
    Accept_Charset Accept_Encoding Accept_Language Accept_Ranges Age Allow Alt_Svc Cache_Control Connection
    Content_Encoding Content_Language Content_Length Content_Location Content_Range Content_Type Content_Disposition
    Content_Security_Policy Date Expect Expires From Keep_Alive Last_Modified Location Origin Pragma Range Refresh
    Retry_After Server Server_Timing Strict_Transport_Security TE Trailer Transfer_Encoding Upgrade User_Agent Vary
    Via Warning X_Accel_Buffering X_Accel_Expires X_Accel_Redirect X_Cache X_Content_Type_Options X_Forwarded_For
    X_Forwarded_Host X_Forwarded_Port X_Forwarded_Proto X_Frame_Options X_Powered_By X_Real_IP X_Request_ID
    X_XSS_Protection X_Runtime Referrer_Policy Permissions_Policy WWW_Authenticate Proxy_Authenticate
    Access_Control_Allow_Origin Access_Control_Allow_Methods Access_Control_Allow_Headers Timing_Allow_Origin realm
    qop algorithm stale scope Max_Age Domain SameSite HttpOnly Secure charset boundary zone rate burst weight
    max_fails fail_timeout max_conns keepalive backlog rcvbuf sndbuf inactive levels keys_zone max_size
    use_temp_path format escape buffer flush gzip default shared valid resolver resolve ipv6 fastopen
    keepalive_requests keepalive_timeout reuseport proxy_protocol daemon root index alias listen server_name include
    log_format access_log error_log if_modified_since SCRIPT_FILENAME SCRIPT_NAME QUERY_STRING REQUEST_METHOD
    REQUEST_URI REQUEST_SCHEME REQUEST_FILENAME DOCUMENT_URI DOCUMENT_ROOT SERVER_PROTOCOL SERVER_SOFTWARE
    SERVER_NAME SERVER_ADDR SERVER_PORT REMOTE_PORT GATEWAY_INTERFACE REDIRECT_STATUS PATH_INFO PATH_TRANSLATED
    CONTENT_LENGTH HTTPS HTTP_PROXY request_method request_uri request_body args query_string is_args document_root
    fastcgi_script_name proxy_add_x_forwarded_for http_host http_user_agent http_referer http_upgrade
    connection_upgrade server_port server_protocol content_length content_type time_local time_iso8601 msec
    proxy_pass fastcgi_pass uwsgi_pass scgi_pass grpc_pass memcached_pass proxy_pass_header
    proxy_pass_request_headers proxy_pass_request_body proxy_cookie_path proxy_cookie_domain proxy_cookie_flags
    ssl_session_cache ssl_session_timeout ssl_session_tickets ssl_certificate_key ssl_certificate server_tokens
    auth_basic auth_basic_user_file secure_link_md5 auth_request auth_type proxy_ssl_certificate_key author
    authority html head body div span p a b i u s br hr h1 h2 h3 h4 h5 h6 center pre code style script meta link
    table tr td th ul ol li em strong small font address section article header footer nav main form input option
    select textarea iframe noscript label button svg img class lang rel href src action content_width initial_scale
    maximum_scale viewport width height color bgcolor border align valign font_family font_size font_weight
    background margin padding display cellpadding cellspacing http_equiv version encoding standalone xmlns dtd
    identifier jsonrpc
    """
)
"""Names whose values are read as text: what looks like a secret in them is masked all the same."""
SECRET = re.compile(
    r"token|secret|passw|passphrase|(?<![a-z])pwd|passwd|(?<![a-z])pass(?![a-z])|credential|api_?key|aes_?key"
    r"|access_?key"
    r"|private_?key|(?<![a-z])auth(?:$|[_0-9]|_?code|orization|_?key)|(?:^|[^a-z])key$"
    r"|^app_?key|(?:secret|sign|session|encrypt|app)_?key$"
    r"|session|cookie|ticket|signature|(?<![a-z])(?:pay_?)?sign$|jwt|bearer|csrf|xsrf"
    r"|(?<![a-z])(?:sid|otp|pin|salt|nonce_?str)$"
    r"|echostr|requirepass|code_verifier|密码|密碼|口令|密钥|密鑰|秘钥|令牌|票据|签名"
)
"""Names whose values are masked whatever they are, in lower case with _ for - and words of camelCase not split."""
_ABOUT = (
    "_env",
    "_file",
    "_path",
    "_url",
    "_uri",
    "_type",
    "_length",
    "_size",
    "_expires",
    "_expires_in",
    "_count",
    "_ttl",
)
"""Ends of names that tell of a secret and hold none: token_env names a variable, token_file a file."""
COOKIES = frozenset({"cookie", "set_cookie", "cookie2", "set_cookie2", "http_cookie"})
ATTRIBUTES = frozenset({"path", "domain", "expires", "max_age", "samesite", "priority", "version"})
"""Attributes of a Set-Cookie."""
WORDS = _words(
    """
    get post put delete head options patch trace connect http https http/1.0 http/1.1 http/2 http/2.0 http/3 ftp tcp
    udp tls ssl quic h2 h3 ws wss true false yes no on off null none nil undefined nan empty missing invalid expired
    required unknown error errors warn warning info debug notice crit critical alert emerg fatal trace verbose
    success successful ok okay fail failed failure failing done closed refused timeout denied forbidden unauthorized
    found plain compatible secure safe raw aes text image voice video shortvideo location link news music event
    subscribe unsubscribe scan click view encrypt xml json html text/plain text/html text/xml application/xml
    application/json application/x-www-form-urlencoded application/octet-stream multipart/form-data utf8 utf-8 gbk
    gb2312 gb18030 iso-8859-1 us-ascii ascii gzip deflate br zstd identity chunked close keep-alive upgrade
    websocket no-cache no-store must-revalidate private public max-age nosniff deny sameorigin strict lax bytes
    nginx apache openresty tengine iis php python java node go tomcat jetty gunicorn uwsgi caddy envoy varnish main
    default combined default_server break last permanent redirect blocked always all any localhost root www www-data
    nobody tmp var etc usr index main api wechat weixin wx callback notify pay event cny jsapi native app micropay
    sys_err systemerror utf width=device-width device-width stylesheet viewport ie=edge sha-1 sha-256 sha1 sha256
    sha512 md5 hmac rsa dsa ecdsa x509 pem der zh_cn zh-cn en_us en-us zh en asc desc id prod production dev test
    master slave primary replica x-ua-compatible content-type is not and or the of to in for by with at from a an
    """
)
"""Words that tell nothing: the value of any name may be one of them."""
NEVER = _words(
    """
    true false yes no on off null none nil undefined empty missing invalid expired required is was not has error
    wrong failed incorrect mismatch mismatched unknown unauthorized forbidden restricted refused ok must should
    cannot can basic bearer digest unset
    """
)
"""What stands behind the name of a secret and is none."""

LONGEST_WORD = 1024
"""Characters of a value that may be harmless."""
_NUMBER = r"[-+]?(?:0x[0-9a-f]{1,8}|\d{1,19}(?:\.\d{1,9})?)(?:%|[kmgt]i?b?|b|[munµ]?s|m|min|h|d|w|y|r/[sm]|px|em|pt)?"
_TIME = r"[0-9]{1,4}[-/.:年月日0-9 t,+z]{1,30}"
_VARIABLES = r"(?:\$\{?\w{1,64}\}?[\s:/.,?&=|\"'-]{0,8})+"
_HOST = r"\.?(?:[a-z0-9_*](?:[a-z0-9_-]{0,62})\.)+[a-z][a-z0-9-]{1,30}(?::\d{1,5})?"
_VERSION = r"(?:v|[a-z]{1,12}[/-]v?)?\d{1,4}(?:\.\d{1,5}){1,4}(?:[a-z]{1,6}\d{0,3})?"
_ERRNO = r"e[a-z]{3,13}|sqlstate"
_PATHS = re.compile(r"(?:[a-z]:|\.{1,2})?(?:[/\\][^/\\\s?#\"'<>&=;]{0,64}){1,24}", re.IGNORECASE)
_FORM = re.compile(rf"{_NUMBER}|{_TIME}|{_VARIABLES}|{_VERSION}|{_HOST}", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,12}://(?P<host>[^/?#\s@]{0,255})(?P<path>[^?#\s]{0,1024})(?:[?#]\S*)?", re.I)
_PIECES = re.compile(r"[\s,;:|()\[\]{}\"'+*]+")
_DIRECTIVE = re.compile(
    r"(?:proxy|fastcgi|uwsgi|scgi|grpc|ssl|client|server|worker|keepalive|limit|real_ip"
    r"|sub_filter|log|error|access|open_file"
    r"|tcp"
    r"|types|default|large_client|send|reset|upstream|http2|gzip|set|if|try|add|map|auth|resolver)(?:_[a-z]{1,12}){1,4}"
)
_PROTOCOL = frozenset(
    word.lower() for entry in catalogue.ENTRIES for word in (entry.name, *str(entry.name).split("_")) if word
)


def _elements(elements: tuple[catalogue.Element, ...]) -> Iterator[str]:
    """The names of elements and of those inside them."""
    for name, value in elements:
        yield name
        if isinstance(value, tuple):
            yield from _elements(value)


_PUSHED = frozenset(name.lower() for entry in catalogue.ENTRIES for name in _elements(entry.elements))


@lru_cache(4096)
def kind_of_name(name: str) -> str:
    """What the value of a name may be: "secret", "cookies", "harmless" or "unknown"."""
    if forms.OWN.fullmatch(name):
        return "harmless"
    known = name.strip("$@-_.[]'\"{}").lower().replace("-", "_")
    bare = re.sub(r"^(?:arg|http|cookie|sent_http|upstream_http|env|server)_", "", known)
    if known in COOKIES or bare in COOKIES:
        return "cookies"
    if known in HARMLESS or bare in HARMLESS:
        return "harmless"
    if known.endswith(_ABOUT):
        return "unknown"
    if SECRET.search(known):
        return "secret"
    if known in _PUSHED:
        return "harmless"
    return "unknown"


def harmless(value: str) -> bool:
    """Whether a value may stay whatever its name: empty, a number, a time, a word of the protocols, a path, a host, a
    version, variables. Known forms (addresses, OpenIDs) are taken out of it before."""
    value = value.strip(" \t\r\n\"'`()[]{}<>;,")
    if len(value) > LONGEST_WORD:
        return False
    if not value or _one(value):
        return True
    if url := _URL.fullmatch(value):
        return (not url["host"] or _one(url["host"])) and (not url["path"] or _path(url["path"]))
    return len(value) <= 200 and all(_one(piece) for piece in _PIECES.split(value) if piece)


def _one(word: str) -> bool:
    low = word.lower().rstrip(".!?")
    if low in WORDS or low in _PROTOCOL or low.replace("-", "_") in HARMLESS:
        return True
    if _FORM.fullmatch(word) or _DIRECTIVE.fullmatch(word) or not word.strip("*-./_=:#?%…"):
        return True
    return (word.isupper() and re.fullmatch(_ERRNO, low) is not None) or _path(word)


def _path(word: str) -> bool:
    return bool(_PATHS.fullmatch(word)) and not wild(word)


_SEPARATED = re.compile(r"[^0-9A-Za-z]+")
_TURN = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])")
_RID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){2}")
"""What WeChat's support asks for."""
_STAMP = re.compile(r"(?:19|20)\d{2}[01]\d[0-3]\d(?:[T_-]?\d{4,9}Z?)?(?:[+-]\d{4})?|[0-9-]{8,10}T[0-9-]{2,8}Z?")
_TURNS, _SHARE = 3, 0.21


@lru_cache(8192)
def wild(run: str) -> bool:
    """Whether letters and digits stand as nobody writes them by hand: a key, a hash, a session."""
    if _RID.fullmatch(run) or _STAMP.fullmatch(run):
        return False
    total = turns = 0
    for segment in _SEPARATED.split(run):
        size = len(segment)
        total += size
        if size < 4:
            continue
        if segment.isdigit():
            if size >= 20:
                return True
            continue
        found = len(_TURN.findall(segment))
        turns += found
        if size >= 12 and found >= _TURNS and found >= _SHARE * size:
            return True
        if size >= 10 and found >= 5:
            return True
        if size >= 16 and found and not segment.strip("0123456789abcdefABCDEF"):
            return True
        if size >= 28 and segment.isalpha() and found == 0 and segment.lower() not in _PROTOCOL:
            return True
    return total >= 16 and turns >= _TURNS and turns >= _SHARE * total
