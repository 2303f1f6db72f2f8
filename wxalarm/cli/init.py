"""`wxalarm init`: a commented wxalarm.toml to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TEMPLATE = """\
# wxalarm.toml: found in the current folder, its parents, then ~/.config/wxalarm/.
# Secrets never stand here: each is named by …_env (an environment variable) or …_file (a file with mode 600).
# Files are named from the folder of this file.

[accounts.main]                              # any name; one table an account
appid = ""                                   # wx…; an alarm's Appid or URL picks the account
# nickname = ""
# url = "https://wx.example.com/callback"    # the callback URL set in the console
# original_id = "gh_000000000001"            # 原始ID, for handlers that look at ToUserName
# mode = "plain"                             # plain | compatible | secure
# token_env = "WECHAT_TOKEN"
# encoding_aes_key_env = "WECHAT_AES_KEY" # after a change: "NEW,OLD" in the variable
# app_secret_env = "WECHAT_APP_SECRET"       # only for stable_token; never /cgi-bin/token
# access_token_env = "WECHAT_ACCESS_TOKEN"   # instead of app_secret: the token of your central control server
# callback_ips = []                          # WeChat's callback addresses, when getcallbackip cannot be asked

# [platforms.mine]                           # a third-party platform
# appid = ""
# authorization_url = "https://open.example.com/ticket"
# message_url = "https://open.example.com/$APPID$/callback"
# token_env = "PLATFORM_TOKEN"
# encoding_aes_key_env = "PLATFORM_AES_KEY"
# app_secret_env = "PLATFORM_SECRET"         # only for api_start_push_ticket, and only with --push

[dns]
servers = ["182.254.116.116"]                # the resolvers compared with the system's; "IP:PORT" works
# servers = ["182.254.116.116", "119.29.29.29"]

[host]
# nginx_conf = "/etc/nginx/nginx.conf"
# access_log = ["/var/log/nginx/access.log*"]
# error_log = ["/var/log/nginx/error.log*"]
# app_log = []

# [api]
# base_url = "https://api.weixin.qq.com"     # a mirror or a stand-in; api2, sh.api, sz.api and hk.api are WeChat's own

# [output]
# lang = "zh"                                # zh | en; else the locale decides
"""


def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("wxalarm.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented wxalarm.toml."""
    from wxalarm.cli.common import fail, words_of, write_file

    if path.exists() and not force:
        fail(words_of(None).ui("exists", path=path))
    write_file(path, TEMPLATE)
    typer.echo(str(path))
