"""wxalarm.toml → Settings. An unknown key is an error that names the nearest known one.

Secrets are never values in the file: each is named by …_env (a variable) or …_file (a file with mode 600), and
read when it is used.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import ipaddress
import os
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wxalarm.messages import ReasonError

FILE_NAME = "wxalarm.toml"
MODES = ("plain", "compatible", "secure")
SECRETS = ("token", "encoding_aes_key", "app_secret", "access_token")


class ConfigError(ReasonError):
    """The configuration cannot be used: says the place (file and key) and the repair."""


@dataclass(frozen=True, slots=True)
class Account:
    """One Official Account, or one third-party platform (then authorization_url and message_url are set)."""

    name: str
    appid: str | None = None
    nickname: str | None = None
    url: str | None = None
    authorization_url: str | None = None
    message_url: str | None = None
    mode: str = "plain"
    platform: bool = False
    original_id: str | None = None
    """gh_…: ToUserName of the account's pushes, for handlers that look at it."""
    callback_ips: tuple[str, ...] = ()
    """WeChat's callback addresses, for when getcallbackip cannot be asked."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """"token_env" → variable name, "token_file" → path, and so on."""

    def secret(self, name: str) -> str | None:
        """The secret's value, or None when it is not configured or its variable is unset.

        Raises ConfigError when its file cannot be read or can be read by others.
        """
        if variable := self.secrets.get(f"{name}_env"):
            return os.environ.get(variable)
        if file_name := self.secrets.get(f"{name}_file"):
            section = "platforms" if self.platform else "accounts"
            return _read_secret(Path(os.path.expanduser(file_name)), f"{section}.{self.name}.{name}_file")
        return None

    @property
    def aes_keys(self) -> tuple[str, ...]:
        """The EncodingAESKeys: the current one, then the previous one when the secret names it behind a comma or blank.
        WeChat may still use the previous key for a while after a change. Raises ConfigError as `secret` does."""
        return tuple((self.secret("encoding_aes_key") or "").replace(",", " ").split())

    def known_secrets(self) -> tuple[str, ...]:
        """Every secret that can be read here: what must not be shown. One that cannot be read was never used."""
        found: list[str] = []
        for name in SECRETS:
            with contextlib.suppress(ConfigError):
                found += (self.secret(name) or "").replace(",", " ").split()
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Dns:
    """[dns]: the resolvers compared with the system's, each "IP" or "IP:PORT" or "[IPv6]:PORT"."""

    servers: tuple[str, ...] = ("182.254.116.116",)
    system: tuple[str, ...] = ()
    """Stands in for the machine's own resolvers (/etc/resolv.conf); --dns-server adds to `servers`, not to this."""
    roots: tuple[str, ...] = ()
    """Where the walk of the delegation begins; else the resolvers are asked for the name servers of parent zones."""
    authority_port: int = 53
    """The port of the authoritative servers that the walk finds: another one only in a laboratory."""


@dataclass(frozen=True, slots=True)
class Registration:
    """[registration]: where a domain's expiry and status are asked; settings so that tests and mirrors can stand in."""

    rdap: str | None = None
    """A base URL in place of the registry's own."""
    whois: str | None = None
    """"HOST" or "HOST:PORT" in place of the registry's own."""
    cache: str | None = None
    """A folder in place of the user's cache folder; "" keeps nothing."""


@dataclass(frozen=True, slots=True)
class Host:
    """[host]: where this machine keeps its nginx configuration and logs. Names may hold * and ?."""

    nginx_conf: str | None = None
    access_log: tuple[str, ...] = ()
    error_log: tuple[str, ...] = ()
    app_log: tuple[str, ...] = ()
    log_format: str | None = None
    addresses: tuple[str, ...] = ()
    """This machine's public addresses, when a NAT or a load balancer holds them: then it counts as the server."""


@dataclass(frozen=True, slots=True)
class Api:
    """[api]: WeChat's server API. The base URL is a setting so that tests and mirrors can stand in."""

    base_url: str = "https://api.weixin.qq.com"
    callback_check: str | None = None
    """A file with a pasted answer of callback/check (--callback-check)."""


@dataclass(frozen=True, slots=True)
class Tls:
    """[tls]: whom to trust."""

    ca_file: str | None = None
    """PEM certificates trusted besides the system's roots. WeChat does not trust them: for laboratories only."""


@dataclass(frozen=True, slots=True)
class Output:
    """[output]: the language of reports."""

    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured. Flags of the command line are laid over it with `dataclasses.replace`."""

    accounts: tuple[Account, ...] = ()
    dns: Dns = field(default_factory=Dns)
    registration: Registration = field(default_factory=Registration)
    host: Host = field(default_factory=Host)
    api: Api = field(default_factory=Api)
    tls: Tls = field(default_factory=Tls)
    output: Output = field(default_factory=Output)
    offline: bool = False
    push: bool = False
    repeat: int = 1
    timeout: float = 20.0
    """Seconds for the whole run."""
    sample: float = 2.0
    """Seconds between the two readings of this machine's counters."""
    path: str | None = None
    """The file these settings came from."""

    def account_for(self, appid: str | None, url: str | None, name: str | None = None) -> Account | None:
        """The account named so, else the one with this appid, else the one whose callback URL begins this URL."""
        if name is not None:
            for account in self.accounts:
                if account.name == name:
                    return account
            raise _unknown("config-no-account", name, [account.name for account in self.accounts])
        for account in self.accounts:
            if appid and account.appid == appid:
                return account
        for account in self.accounts:
            if url and any(_same_place(known, url) for known in (account.url, account.authorization_url) if known):
                return account
        return None


def find(start: Path | None = None) -> Path | None:
    """wxalarm.toml in the current folder, then its parents, then the user's config folder; None when nowhere."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, *_config_home()):
        if (candidate := folder / FILE_NAME).is_file():
            return candidate
    return None


def _config_home() -> list[Path]:
    """The user's folder for wxalarm's configuration; none for a user without a home (a container's bare uid)."""
    if base := os.environ.get("XDG_CONFIG_HOME"):
        return [Path(base) / "wxalarm"]
    try:
        return [Path.home() / ".config" / "wxalarm"]
    except RuntimeError:
        return []


def load(path: Path | None = None) -> Settings:
    """The settings of `path`, or of the file that `find` gives, or the defaults. Raises ConfigError."""
    path = path or find()
    if path is None:
        return Settings()
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError("config-unreadable", place=str(path), error=error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise ConfigError("config-not-utf8", place=str(path), error=str(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("config-not-toml", place=str(path), error=str(error)) from None
    return _anchored(dataclasses.replace(from_mapping(data, str(path)), path=str(path)), path.resolve().parent)


def _anchored(settings: Settings, folder: Path) -> Settings:
    """The settings with their files named from the folder of wxalarm.toml, wherever the command was called."""

    def full(name: str) -> str:
        return name if name in ("", "-") else str(folder / os.path.expanduser(name))

    def filled(value: Any, *names: str) -> Any:
        found = {name: getattr(value, name) for name in names}
        whole = {k: tuple(map(full, v)) if isinstance(v, tuple) else full(v) for k, v in found.items() if v is not None}
        return dataclasses.replace(value, **whole)

    def own(account: Account) -> Account:
        files = {key: full(name) if key.endswith("_file") else name for key, name in account.secrets.items()}
        return dataclasses.replace(account, secrets=files)

    return dataclasses.replace(
        settings,
        accounts=tuple(map(own, settings.accounts)),
        host=filled(settings.host, "nginx_conf", "access_log", "error_log", "app_log"),
        api=filled(settings.api, "callback_check"),
        tls=filled(settings.tls, "ca_file"),
        registration=filled(settings.registration, "cache"),
    )


def from_mapping(data: Mapping[str, Any], where: str = FILE_NAME) -> Settings:
    """Settings from the tables of a TOML file. Raises ConfigError."""
    sections: dict[str, type] = {
        "dns": Dns,
        "registration": Registration,
        "host": Host,
        "api": Api,
        "tls": Tls,
        "output": Output,
    }
    _known(data, ["accounts", "platforms", *sections], where, "")
    values: dict[str, Any] = {}
    for name, cls in sections.items():
        table = _table(data, name, where)
        _known(table, [f.name for f in dataclasses.fields(cls)], where, name)
        values[name] = cls(**{key: _typed(cls, key, value, f"{where}: {name}.{key}") for key, value in table.items()})
    for key in ("servers", "system", "roots"):
        for text in getattr(values["dns"], key):
            try:
                split_server(text)
            except ValueError:
                raise ConfigError("config-server", place=f"{where}: dns.{key}", found=repr(text)) from None
    _url(values["api"].base_url, f"{where}: api.base_url")
    if values["output"].lang not in (None, "zh", "en"):
        found = repr(values["output"].lang)
        raise ConfigError("config-choice", place=f"{where}: output.lang", known=["zh", "en"], found=found)
    accounts = [_account(n, t, where, "accounts") for n, t in _table(data, "accounts", where).items()]
    accounts += [_account(n, t, where, "platforms") for n, t in _table(data, "platforms", where).items()]
    return Settings(accounts=tuple(accounts), **values)


def split_server(text: str) -> tuple[str, int]:
    """Address and port of "IP", "IP:PORT" or "[IPv6]:PORT"; port 53 when none is given. Raises ValueError."""
    if text.startswith("["):
        address, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError(text)
        port = rest[1:] if rest else "53"
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    else:
        address, port = text, "53"
    number = int(port)
    if not 0 < number < 65536:
        raise ValueError(text)
    return str(ipaddress.ip_address(address)), number


def _account(name: str, table: Any, where: str, section: str) -> Account:
    place = f"{section}.{name}"
    if not isinstance(table, Mapping):
        raise ConfigError("config-table", place=where, key=place)
    secret_keys = [f"{secret}_{source}" for secret in SECRETS for source in ("env", "file")]
    plain_keys = ["appid", "nickname", "mode", "callback_ips"]
    plain_keys += ["url", "original_id"] if section == "accounts" else ["authorization_url", "message_url"]
    for secret in SECRETS:
        if secret in table:
            raise ConfigError("config-secret", place=f"{where}: {place}.{secret}", secret=secret)
    _known(table, plain_keys + secret_keys, where, place)
    values = {key: _typed(Account, key, table[key], f"{where}: {place}.{key}") for key in plain_keys if key in table}
    if values.get("mode", "plain") not in MODES:
        found = repr(values["mode"])
        raise ConfigError("config-choice", place=f"{where}: {place}.mode", known=list(MODES), found=found)
    for key in ("url", "authorization_url", "message_url"):
        if values.get(key):
            _url(values[key], f"{where}: {place}.{key}")
    secrets = {
        key: _typed(Account, "name", table[key], f"{where}: {place}.{key}") for key in secret_keys if key in table
    }
    return Account(name=name, platform=section == "platforms", secrets=secrets, **values)


def _url(text: str, place: str) -> None:
    """Raises ConfigError unless the text is an http or https URL with a host."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError("config-url", place=place, found=repr(text))


def _table(data: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError("config-table", place=where, key=name)
    return table


def _known(table: Mapping[str, Any], known: Iterable[str], where: str, section: str) -> None:
    known = list(known)
    for key in table:
        if key not in known:
            prefix = f"{section}." if section else ""
            raise _unknown("config-unknown-key", key, known, place=where, key=f"{prefix}{key}")


def _unknown(sentence: str, name: str, known: Sequence[str], **values: Any) -> ConfigError:
    """A name that is not known: with the nearest one, else with all that are."""
    if close := difflib.get_close_matches(name, known, 1, 0.5):
        return ConfigError(sentence, name=name, near=close[0], **values)
    ending = "-known" if known else "-none"
    return ConfigError(sentence + ending, name=name, known=list(known), **values)


def _typed(cls: type, key: str, value: Any, place: str) -> Any:
    """A TOML value as the field wants it: a string, a whole number, a tuple of strings (one alone is a list of one)."""
    annotation = next(f.type for f in dataclasses.fields(cls) if f.name == key)
    if str(annotation).startswith("tuple"):
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise ConfigError("config-list", place=place, found=repr(value))
        return tuple(items)
    if annotation == "int":
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError("config-number", place=place, found=repr(value))
        return value
    if not isinstance(value, str):
        raise ConfigError("config-string", place=place, found=repr(value))
    return value


def _same_place(known: str, url: str) -> bool:
    return url.split("?")[0].rstrip("/") == known.split("?")[0].rstrip("/")


def _read_secret(path: Path, place: str) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError("config-secret-open", place=place, path=str(path))
        return path.read_text("utf-8").strip()
    except OSError as error:
        found = error.strerror or str(error)
        raise ConfigError("config-secret-unreadable", place=place, path=str(path), error=found) from None
    except UnicodeDecodeError as error:
        raise ConfigError("config-secret-not-utf8", place=place, path=str(path), error=str(error)) from None
