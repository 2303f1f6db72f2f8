"""wxalarm.toml → Settings. An unknown key is an error that names the nearest known one.

A field annotated with a `Key` is a key of the file: its type says what is read, its default and sample stand beside it,
its sentence is [config.key.TABLE] of the catalogues. What `wxalarm init` writes, docs/{en,zh}/config.md and the JSON
Schema are made from that.

Secrets are never values in the file: each is named by …_env (a variable) or …_file (a file with mode 600), and
read when it is used.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import ipaddress
import os
import stat
import sys
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from wxalarm.kinds import PLATFORM
from wxalarm.messages import Lang, ReasonError
from wxalarm.model import AlarmKind
from wxalarm.nearest import nearest
from wxalarm.wechat.limits import APPID_PLACE

FILE_NAME = "wxalarm.toml"
Mode: TypeAlias = Literal["plain", "compatible", "secure"]
Form: TypeAlias = Literal["text", "url", "server", "address", "path", "variable"]
MODES: tuple[Mode, ...] = get_args(Mode)
URLS = ("url", "authorization_url", "message_url")
"""The keys of an account or a platform that name a callback URL."""
SECRETS = ("token", "encoding_aes_key", "app_secret", "access_token")


class ConfigError(ReasonError):
    """The configuration cannot be used: says the place (file and key) and the repair."""


# Key, Entry and Table are plain classes: dataclasses and NamedTuples are paid for by every start, read a file or not.
class Key:
    """What makes a field a key of wxalarm.toml; it stands in the field's Annotated type, so that nothing of it is
    evaluated before a file is read.

    sample: a value as a user may write it; needed where there is no default, which else is the sample. form: what the
    text stands for; a url and a server are checked, a path is read from the file's own folder. only: of the two tables
    that are made into `Account`s, the one that has this key.
    """

    def __init__(self, sample: Any = None, form: Form = "text", only: str | None = None) -> None:
        self.sample = sample
        self.form = form
        self.only = only


@dataclass(frozen=True, slots=True)
class Account:
    """One Official Account, or one third-party platform (then authorization_url and message_url are set)."""

    name: str
    appid: Annotated[str | None, Key("wx0000000000000001")] = None
    nickname: Annotated[str | None, Key("Example Shop")] = None
    url: Annotated[str | None, Key("https://wx.example.com/callback", "url", only="accounts")] = None
    authorization_url: Annotated[str | None, Key("https://open.example.com/ticket", "url", only="platforms")] = None
    message_url: Annotated[
        str | None, Key(f"https://open.example.com/{APPID_PLACE}/callback", "url", only="platforms")
    ] = None
    mode: Annotated[Mode, Key()] = "plain"
    platform: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """"token_env" → variable name, "token_file" → path, and so on: two keys for each of SECRETS."""
    original_id: Annotated[str | None, Key("gh_000000000001", only="accounts")] = None
    callback_ips: Annotated[tuple[str, ...], Key(("203.0.113.7", "198.51.100.0/24"), "address")] = ()

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

    def urls(self, appid: str | None = None) -> tuple[str, ...]:
        """Every callback URL that is configured; in a platform's message URL with the place of the appid filled."""
        named = (getattr(self, key) for key in URLS)
        return tuple(url if appid is None else url.replace(APPID_PLACE, appid) for url in named if url)

    def url_for(self, kind: AlarmKind, appid: str | None) -> str | None:
        """The callback URL that an alarm of this kind about the account `appid` is of; None when none is configured."""
        if not self.platform:
            return self.url
        if kind in PLATFORM or not self.message_url:
            return self.authorization_url
        return self.message_url.replace(APPID_PLACE, appid or "")

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

    servers: Annotated[tuple[str, ...], Key(form="server")] = ("182.254.116.116",)
    system: Annotated[tuple[str, ...], Key(("192.0.2.53",), "server")] = ()
    roots: Annotated[tuple[str, ...], Key(("192.0.2.1", "[2001:db8::1]:53"), "server")] = ()
    authority_port: Annotated[int, Key()] = 53


@dataclass(frozen=True, slots=True)
class Registration:
    """[registration]: where a domain's expiry and status are asked; settings so that tests and mirrors can stand in."""

    rdap: Annotated[str | None, Key("https://rdap.example.com/", "url")] = None
    whois: Annotated[str | None, Key("whois.example.com:43")] = None
    cache: Annotated[str | None, Key("~/.cache/wxalarm", "path")] = None


@dataclass(frozen=True, slots=True)
class Host:
    """[host]: where this machine keeps its nginx configuration and logs. Names may hold * and ?."""

    nginx_conf: Annotated[str | None, Key("/etc/nginx/nginx.conf", "path")] = None
    access_log: Annotated[tuple[str, ...], Key(("/var/log/nginx/access.log*",), "path")] = ()
    error_log: Annotated[tuple[str, ...], Key(("/var/log/nginx/error.log*",), "path")] = ()
    app_log: Annotated[tuple[str, ...], Key(("/srv/app/log/*.log",), "path")] = ()
    log_format: Annotated[str | None, Key("$remote_addr [$time_local] $status $request_time $request")] = None
    addresses: Annotated[tuple[str, ...], Key(("203.0.113.10",), "address")] = ()


@dataclass(frozen=True, slots=True)
class Api:
    """[api]: WeChat's server API. The base URL is a setting so that tests and mirrors can stand in."""

    base_url: Annotated[str, Key(form="url")] = "https://api.weixin.qq.com"
    callback_check: Annotated[str | None, Key("callback-check.json", "path")] = None


@dataclass(frozen=True, slots=True)
class Tls:
    """[tls]: whom to trust."""

    ca_file: Annotated[str | None, Key("/etc/ssl/company-ca.pem", "path")] = None


@dataclass(frozen=True, slots=True)
class Output:
    """[output]: the language of reports."""

    lang: Annotated[Lang | None, Key("zh")] = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured. Flags of the command line are laid over it with `dataclasses.replace`."""

    accounts: tuple[Account, ...] = ()
    host: Host = field(default_factory=Host)
    output: Output = field(default_factory=Output)
    dns: Dns = field(default_factory=Dns)
    api: Api = field(default_factory=Api)
    tls: Tls = field(default_factory=Tls)
    registration: Registration = field(default_factory=Registration)
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
            if url and any(_same_place(known, url) for known in account.urls(appid)):
                return account
        return None


def find(start: Path | None = None) -> Path | None:
    """wxalarm.toml in the current folder, then its parents, then the user's config folder; None when nowhere."""
    here: list[Path] = []
    with contextlib.suppress(OSError):  # a folder that is gone has no file
        folder = (start or Path.cwd()).resolve()
        here = [folder, *folder.parents]
    # os.path, not Path: a folder that may not be looked into has none either.
    return next((one for folder in (*here, *_config_home()) if os.path.isfile(one := folder / FILE_NAME)), None)


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
    except (ValueError, RecursionError) as error:  # also a number longer, or brackets deeper, than Python reads
        raise ConfigError("config-not-toml", place=str(path), error=str(error)) from None
    return dataclasses.replace(from_mapping(data, str(path), path.resolve().parent), path=str(path))


class Entry:
    """A key of wxalarm.toml as its field declares it.

    item: str, int, float or bool, of the value or of each of the values. choices: what may be written → what is read;
    empty: anything of the type. many: a list; one value alone stands for a list of one. secret: which of SECRETS the
    key names the source of.
    """

    def __init__(
        self,
        table: str,
        name: str,
        item: type,
        *,
        choices: Mapping[str, Any] = types.MappingProxyType({}),
        many: bool = False,
        optional: bool = True,
        default: Any = None,
        sample: Any,
        form: Form,
        secret: str | None = None,
    ) -> None:
        self.table = table
        self.name = name
        self.item = item
        self.choices = choices
        self.many = many
        self.optional = optional
        self.default = default
        self.sample = sample
        self.form = form
        self.secret = secret


class Table:
    """A table of wxalarm.toml: what is made of it, and its keys by name, in the order of the fields. `named`: it holds
    a table for each name, as [accounts.NAME]."""

    def __init__(self, cls: type, entries: Iterable[Entry]) -> None:
        self.cls = cls
        self.keys = {entry.name: entry for entry in entries}
        self.named = cls is Account


def tables(settings: type[Settings] = Settings) -> Mapping[str, Table]:
    """Every table of wxalarm.toml, in the order of the fields. Raises TypeError for a key whose type has no reading."""
    found: dict[str, Table] = {}
    for name, hint in get_type_hints(settings).items():
        if hint == tuple[Account, ...]:
            for table in ("accounts", "platforms"):
                found[table] = Table(Account, _entries(Account, table))
        elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
            found[name] = Table(hint, _entries(hint, name))
    return found


def _entries(cls: type, table: str) -> Iterator[Entry]:
    hints = get_type_hints(cls, include_extras=True)
    for one in dataclasses.fields(cls):
        if cls is Account and one.name == "secrets":
            yield from _secret_entries(table)
        hint, *extras = get_args(hints[one.name]) if get_origin(hints[one.name]) is Annotated else [hints[one.name]]
        key = next((extra for extra in extras if isinstance(extra, Key)), None)
        if key is None or key.only not in (None, table):
            continue
        default = one.default_factory() if one.default_factory is not dataclasses.MISSING else one.default
        yield _entry(cls, table, one.name, hint, key, default)


def _secret_entries(table: str) -> Iterator[Entry]:
    owner = "platform" if table == "platforms" else "wechat"
    for name in SECRETS:
        sample = f"{owner}_{name}"
        yield Entry(table, f"{name}_env", str, sample=sample.upper(), form="variable", secret=name)
        yield Entry(table, f"{name}_file", str, sample=f"/etc/wxalarm/{sample}", form="path", secret=name)


def _entry(cls: type, table: str, name: str, hint: Any, key: Key, default: Any) -> Entry:
    """The key that a field is, by its type."""
    optional = many = False
    if get_origin(hint) in (Union, types.UnionType):
        arms = [arm for arm in get_args(hint) if arm is not types.NoneType]
        if optional := len(arms) == 1:
            hint = arms[0]
    if get_origin(hint) is tuple and get_args(hint)[1:] == (...,):
        many, hint = True, get_args(hint)[0]
    choices: dict[Any, Any] = {}
    if get_origin(hint) is Literal:
        choices = {choice: choice for choice in get_args(hint)}
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        choices = {choice.value: choice for choice in hint}
    if choices and all(isinstance(choice, str) for choice in choices):
        hint = str
    if hint not in _WANTED:
        raise TypeError(f"{cls.__name__}.{name}: no reading for this type of a key of {FILE_NAME}")
    return Entry(
        table,
        name,
        hint,
        choices=choices,
        many=many,
        optional=optional,
        default=default,
        sample=default if key.sample is None else key.sample,
        form=key.form,
    )


def from_mapping(
    data: Mapping[str, Any], where: str = FILE_NAME, folder: Path | None = None, settings: type[Settings] = Settings
) -> Settings:
    """Settings from the tables of a TOML file; paths in it are named from `folder`. Raises ConfigError."""
    known = tables(settings)
    _known(data, known, where, "")
    accounts: list[Account] = []
    values: dict[str, Any] = {}
    for name, table in known.items():
        found = _table(data, name, where)
        if table.named:
            accounts += [_account(one, own, table.keys, where, name, folder) for one, own in found.items()]
        else:
            values[name] = table.cls(**_read(found, table.keys, where, name, folder))
    return settings(accounts=tuple(accounts), **values)


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


def _account(
    name: str, table: Any, entries: Mapping[str, Entry], where: str, section: str, folder: Path | None
) -> Account:
    place = f"{section}.{name}"
    if not isinstance(table, Mapping):
        raise ConfigError("config-table", place=where, key=place)
    for secret in SECRETS:
        if secret in table:
            raise ConfigError("config-secret", place=f"{where}: {place}.{secret}", secret=secret)
    values = _read(table, entries, where, place, folder)
    secrets = {key: values.pop(key) for key in tuple(values) if entries[key].secret}
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
    if close := nearest(name, known, alike=0.5):
        return ConfigError(sentence, name=name, near=close[0], **values)
    ending = "-known" if known else "-none"
    return ConfigError(sentence + ending, name=name, known=list(known), **values)


_WANTED = {str: "config-string", int: "config-integer", float: "config-number", bool: "config-switch"}
"""The types of an item, and the sentence that asks for one."""


def _read(
    table: Mapping[str, Any], entries: Mapping[str, Entry], where: str, section: str, folder: Path | None
) -> dict[str, Any]:
    """The values of a table by key, converted and checked. Raises ConfigError."""
    _known(table, entries, where, section)
    return {key: _value(entries[key], value, f"{where}: {section}.{key}", folder) for key, value in table.items()}


def _value(entry: Entry, value: Any, place: str, folder: Path | None) -> Any:
    """A TOML value as the key's type wants it. Raises ConfigError."""
    items = value if entry.many and isinstance(value, list) else [value]
    if not all(_fits(entry.item, item) for item in items) and not entry.choices:
        lists = "config-list" if entry.item is str else "config-list-numbers"
        raise ConfigError(lists if entry.many else _WANTED[entry.item], place=place, found=repr(value))
    read = tuple(_item(entry, item, place, folder) for item in items)
    return read if entry.many else read[0]


def _fits(wanted: type, value: Any) -> bool:
    """Whether a TOML value is of the type: true and false are no numbers, a whole number is a float unless it is
    beyond all of them, as infinity is; and nan is no number."""
    if isinstance(value, bool):
        return wanted is bool
    if wanted is float:
        return isinstance(value, (int, float)) and abs(value) <= sys.float_info.max
    return isinstance(value, wanted)


def _item(entry: Entry, value: Any, place: str, folder: Path | None) -> Any:
    """A value of the right type, or one of a list of them, checked and converted. Raises ConfigError."""
    if entry.choices:
        if isinstance(value, str) and value in entry.choices:
            return entry.choices[value]
        raise ConfigError("config-choice", place=place, known=list(entry.choices), found=repr(value))
    if entry.form == "url" and not (entry.optional and not value):
        _url(value, place)
    if entry.form == "server":
        try:
            split_server(value)
        except ValueError:
            raise ConfigError("config-server", place=place, found=repr(value)) from None
    if entry.form == "path" and folder is not None and value not in ("", "-"):
        return str(folder / os.path.expanduser(value))
    return float(value) if entry.item is float else value


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
