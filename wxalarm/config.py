"""wxalarm.toml → Settings. An unknown key is an error that names the nearest known one.

A field annotated with a `Key` is a key of the file: its type says what is read, its default and sample stand beside it,
its sentence is [config.key.TABLE] of the catalogues. What `wxalarm init` writes, docs/{en,zh}/config.md and the JSON
Schema are made from that.

Secrets are never values in the file: each is named by …_env (a variable) or …_file (a file with mode 600), and
read when it is used.

Of a file that is merely found, only what is declared harmless counts until the user has agreed to it (trust.py).
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import ipaddress
import keyword
import os
import stat
import sys
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints
from urllib.parse import SplitResult, urlsplit

from wxalarm import bounds
from wxalarm.kinds import PLATFORM
from wxalarm.messages import Lang, ReasonError
from wxalarm.model import AlarmKind, Reason
from wxalarm.nearest import nearest
from wxalarm.trust import agreed, home, unsafe
from wxalarm.wechat.limits import APPID_PLACE, GUIDE_RESOLVER
from wxalarm.wechat.message_url import filled, host_of, same_host, same_place

FILE_NAME = "wxalarm.toml"
Mode: TypeAlias = Literal["plain", "compatible", "secure"]
Form: TypeAlias = Literal["text", "url", "server", "address", "path", "variable"]
MODES: tuple[Mode, ...] = get_args(Mode)
URLS = ("url", "authorization_url", "message_url")
"""The keys of an account or a platform that name a callback URL."""
Use: TypeAlias = Literal["signs", "sent"]
SECRETS: Mapping[str, Use] = types.MappingProxyType(
    {"token": "signs", "encoding_aes_key": "signs", "app_secret": "sent", "access_token": "sent"}
)
"""Whether each secret only signs (or encrypts) what goes to the account's own URL, or is itself sent to the API."""
Why: TypeAlias = Literal["named", "own", "found"]
"""How a configuration came to be read: --config, the user's own folder for it, or by the current folder."""


class ConfigError(ReasonError):
    """The configuration cannot be used: says the place (file and key) and the repair."""


# Key, Entry and Table are plain classes: dataclasses and NamedTuples are paid for by every start, read a file or not.
class Key:
    """What makes a field a key of wxalarm.toml; it stands in the field's Annotated type, so that nothing of it is
    evaluated before a file is read.

    sample: a value as a user may write it; needed where there is no default, which else is the sample. form: what the
    text stands for; a url and a server are checked, a path is read from the file's own folder. only: of the two tables
    that are made into `Account`s, the one that has this key. harmless: it may stand in a file that was found and that
    nobody agreed to: it neither says where something is sent, written or run, nor whom to believe.
    """

    def __init__(
        self, sample: Any = None, form: Form = "text", only: str | None = None, *, harmless: bool = False
    ) -> None:
        self.sample = sample
        self.form = form
        self.only = only
        self.harmless = harmless


@dataclass(frozen=True, slots=True)
class Account:
    """One Official Account, or one third-party platform (then authorization_url and message_url are set)."""

    name: str
    appid: Annotated[str | None, Key("wx0000000000000001", harmless=True)] = None
    nickname: Annotated[str | None, Key("Example Shop", harmless=True)] = None
    url: Annotated[str | None, Key("https://wx.example.com/callback", "url", "accounts", harmless=True)] = None
    authorization_url: Annotated[
        str | None, Key("https://open.example.com/ticket", "url", "platforms", harmless=True)
    ] = None
    message_url: Annotated[
        str | None, Key(f"https://open.example.com/{APPID_PLACE}/callback", "url", "platforms", harmless=True)
    ] = None
    mode: Annotated[Mode, Key(harmless=True)] = "plain"
    platform: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """"token_env" → variable name, "token_file" → path, and so on: two keys for each of SECRETS."""
    original_id: Annotated[str | None, Key("gh_000000000001", only="accounts", harmless=True)] = None
    callback_ips: Annotated[tuple[str, ...], Key(("203.0.113.7", "198.51.100.0/24"), "address")] = ()
    jsapi_ticket: Annotated[bool, Key()] = False

    def secret(self, name: str) -> str | None:
        """The secret's value, or None when it is not configured or its variable is unset.

        Raises ConfigError when its file cannot be read or can be read by others.
        """
        return _secret(self.section, name, self.secrets.get(f"{name}_env"), self.secrets.get(f"{name}_file"))

    @property
    def section(self) -> str:
        """Its table in the file: accounts.NAME or platforms.NAME."""
        return f"{'platforms' if self.platform else 'accounts'}.{self.name}"

    def urls(self, appid: str | None = None) -> tuple[str, ...]:
        """Every callback URL that is configured; in a platform's message URL with the place of the appid filled."""
        named = (getattr(self, key) for key in URLS)
        return tuple(url if appid is None else filled(url, appid) for url in named if url)

    def url_for(self, kind: AlarmKind, appid: str | None) -> str | None:
        """The callback URL that an alarm of this kind about the account `appid` is of; None when none is configured."""
        if not self.platform:
            return self.url
        if kind in PLATFORM or not self.message_url:
            return self.authorization_url
        return filled(self.message_url, appid or "")

    def receives(self, url: str | None, appid: str | None) -> bool:
        """Whether a URL that an alarm about the account `appid` prints is one of its callback URLs."""
        return bool(url) and any(same_place(known, url or "", appid) for known in self.urls())

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
    """[dns]: the resolvers compared with the system's, each "IP" or "IP:PORT" or "[IPv6]:PORT", and the name that tells
    whether one of them works."""

    servers: Annotated[tuple[str, ...], Key(form="server")] = (GUIDE_RESOLVER,)
    system: Annotated[tuple[str, ...], Key(("192.0.2.53",), "server")] = ()
    roots: Annotated[tuple[str, ...], Key(("192.0.2.1", "[2001:db8::1]:53"), "server")] = ()
    authority_port: Annotated[int, Key()] = 53
    control: Annotated[str, Key()] = "api.weixin.qq.com"


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
    access_log: Annotated[tuple[str, ...], Key(("/var/log/nginx/access.log*",), "path", harmless=True)] = ()
    error_log: Annotated[tuple[str, ...], Key(("/var/log/nginx/error.log*",), "path", harmless=True)] = ()
    app_log: Annotated[tuple[str, ...], Key(("/srv/app/log/*.log",), "path", harmless=True)] = ()
    log_format: Annotated[
        str | None, Key("$remote_addr [$time_local] $status $request_time $request", harmless=True)
    ] = None
    addresses: Annotated[tuple[str, ...], Key(("203.0.113.10",), "address", harmless=True)] = ()


@dataclass(frozen=True, slots=True)
class Api:
    """[api]: WeChat's server API. The base URL is a setting so that tests and mirrors can stand in."""

    base_url: Annotated[str, Key(form="url")] = "https://api.weixin.qq.com"
    callback_check: Annotated[str | None, Key("callback-check.json", "path", harmless=True)] = None


@dataclass(frozen=True, slots=True)
class Store:
    """[store]: where `wxalarm token` keeps tokens. Without a URL: a file of SQLite in the user's own folder."""

    url: Annotated[str | None, Key("mysql://wxalarm@db.example.com/wxalarm")] = None
    password_env: Annotated[str | None, Key("WXALARM_STORE_PASSWORD", "variable")] = None
    password_file: Annotated[str | None, Key("/etc/wxalarm/store_password", "path")] = None
    key_env: Annotated[str | None, Key("WXALARM_STORE_KEY", "variable")] = None
    key_file: Annotated[str | None, Key("/etc/wxalarm/store_key", "path")] = None
    door_token_env: Annotated[str | None, Key("WXALARM_DOOR_TOKEN", "variable")] = None
    door_token_file: Annotated[str | None, Key("/etc/wxalarm/door_token", "path")] = None
    calls_per_hour: Annotated[int, Key()] = 12

    def secret(self, name: str) -> str | None:
        """The password of the store, the key that encrypts what is in it, or the token of the HTTP door; as
        Account.secret."""
        return _secret("store", name, getattr(self, f"{name}_env"), getattr(self, f"{name}_file"))


@dataclass(frozen=True, slots=True)
class Tls:
    """[tls]: whom to trust."""

    ca_file: Annotated[str | None, Key("/etc/ssl/company-ca.pem", "path")] = None


@dataclass(frozen=True, slots=True)
class Output:
    """[output]: the language of reports."""

    lang: Annotated[Lang | None, Key("zh", harmless=True)] = None


@dataclass(frozen=True, slots=True)
class Watch:
    """[watch]: the heartbeat. Who may read its page, and where its alarms go, is what its secrets say."""

    every: Annotated[float, Key(harmless=True)] = 60.0
    for_: Annotated[int, Key(harmless=True)] = 3
    recover: Annotated[int, Key(harmless=True)] = 2
    remind: Annotated[float, Key(harmless=True)] = 0.0
    push: Annotated[bool, Key()] = False
    ways: Annotated[tuple[str, ...], Key(("alertmanager+http://127.0.0.1:9093",))] = ()
    ways_env: Annotated[tuple[str, ...], Key(form="variable")] = ("WXALARM_WAYS",)
    ways_file: Annotated[str | None, Key("/etc/wxalarm/ways", "path")] = None
    listen: Annotated[str | None, Key("127.0.0.1:9420")] = None
    token_env: Annotated[str | None, Key("WXALARM_WATCH_TOKEN", "variable")] = None
    token_file: Annotated[str | None, Key("/etc/wxalarm/watch_token", "path")] = None
    hosts: Annotated[tuple[str, ...], Key(("watch.example.com",))] = ()
    folder: Annotated[str | None, Key("/var/lib/wxalarm", "path")] = None
    keep_rounds: Annotated[int, Key(harmless=True)] = 7
    keep_days: Annotated[int, Key(harmless=True)] = 400
    megabytes: Annotated[int, Key(harmless=True)] = 1024
    allow_lists: Annotated[tuple[str, ...], Key(("/etc/wxalarm/iptables.save",), "path", harmless=True)] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is read, and where it, or what it signs, would go. Never its value."""

    account: str
    key: str
    """As the file has it: accounts.shop.token_env."""
    place: str
    """The variable or the file."""
    use: Use
    to: tuple[str, ...]
    """Scheme, host and port of each URL."""


@dataclass(frozen=True, slots=True)
class Source:
    """Which file settings came from, and how far it is trusted."""

    path: str | None = None
    why: Why | None = None
    trusted: bool = True
    unused: tuple[str, ...] = ()
    """Its keys that do not count, because nobody agreed to the file."""
    secrets: tuple[Secret, ...] = ()
    refused: tuple[Reason, ...] = ()
    """Why files that lay nearer were not read."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured. Flags of the command line are laid over it with `dataclasses.replace`."""

    accounts: tuple[Account, ...] = ()
    host: Host = field(default_factory=Host)
    output: Output = field(default_factory=Output)
    dns: Dns = field(default_factory=Dns)
    api: Api = field(default_factory=Api)
    store: Store = field(default_factory=Store)
    tls: Tls = field(default_factory=Tls)
    registration: Registration = field(default_factory=Registration)
    watch: Watch = field(default_factory=Watch)
    offline: bool = False
    push: bool = False
    verify: Literal["account", "work"] | None = None
    """The URL verification is the whole question, of an Official Account or of WeCom (企业微信): what is harmless to
    pushes is not harmless to it."""
    repeat: int = 1
    timeout: float = 20.0
    """Seconds for the whole run."""
    last_ticket: float | None = None
    """Unix seconds at which a third-party platform got its last good ticket; None: the user did not say."""
    sample: float = 2.0
    """Seconds between the two readings of this machine's counters."""
    source: Source | None = None
    """Where these settings came from; None: from no file, nor the want of one."""

    def account_for(self, appid: str | None, url: str | None, name: str | None = None) -> Account | None:
        """The account named so; else the platform that receives what goes to this URL, whoever it is about; else the
        account with this appid; else the one whose callback URL this is."""
        known = _indexed(self.accounts)
        if name is not None:
            if account := known.by_name.get(name):
                return account
            raise _unknown("config-no-account", name, list(known.by_name))
        receivers = [account for account in known.at(url) if account.receives(url, appid)]
        owners = known.by_appid.get(appid, ()) if appid else ()
        both = [account for account in owners if account in receivers]
        platforms = [account for account in receivers if account.platform]
        return next(iter((*both, *platforms, *owners, *receivers)), None)

    def has_server(self, url: str | None) -> bool:
        """Whether a URL leads to a host that is configured for any account or platform."""
        return bool(url) and any(same_host(known, url or "") for account in self.accounts for known in account.urls())


class _Known(NamedTuple):
    """Accounts by what an alarm tells of them."""

    accounts: tuple[Account, ...]
    by_name: Mapping[str, Account]
    by_appid: Mapping[str, list[Account]]
    by_host: Mapping[str | None, list[Account]]
    """Those with a callback there."""

    def at(self, url: str | None) -> Sequence[Account]:
        """Those that may receive what goes to a URL, in the order of the configuration."""
        return self.by_host.get(host_of(url), ()) if url else ()


_INDEXES: list[_Known] = []
"""Of the accounts that were asked for last: a hundred thousand accounts are not gone through for each alarm."""


def _indexed(accounts: tuple[Account, ...]) -> _Known:
    for known in _INDEXES:
        if known.accounts is accounts:
            return known
    by_name: dict[str, Account] = {}
    by_appid: dict[str, list[Account]] = {}
    by_host: dict[str | None, list[Account]] = {}
    for account in accounts:
        by_name.setdefault(account.name, account)
        if account.appid:
            by_appid.setdefault(account.appid, []).append(account)
        for host in dict.fromkeys(map(host_of, account.urls())):
            by_host.setdefault(host, []).append(account)
    known = _Known(accounts, by_name, by_appid, by_host)
    _INDEXES[:] = [known, *_INDEXES[:3]]
    return known


def candidates(start: Path | None = None) -> Iterator[tuple[Path, Why]]:
    """Every wxalarm.toml in the current folder, then its parents, then the user's config folder, and why it counts."""
    own = home()
    with contextlib.suppress(OSError):  # a folder that is gone has no file
        here = (start or Path.cwd()).resolve()
        mine = own and own.resolve()
        for folder in (here, *here.parents):
            yield folder / FILE_NAME, "own" if folder == mine else "found"
    if own is not None:
        yield own / FILE_NAME, "own"


def load(path: Path | None = None, start: Path | None = None) -> Settings:
    """The settings of `path`, or of the nearest file that `candidates` gives and nobody else may have written, or the
    defaults. Raises ConfigError."""
    if path is not None:
        return read(path, "named")
    refused: list[Reason] = []
    for candidate, why in candidates(start):
        if not os.path.isfile(candidate):
            continue
        if why == "found" and (reason := unsafe(candidate)):
            refused.append(reason)
            continue
        settings = read(candidate, why)
        return dataclasses.replace(settings, source=dataclasses.replace(_source(settings), refused=tuple(refused)))
    return Settings(source=Source(refused=tuple(refused)))


def read(path: Path, why: Why) -> Settings:
    """The settings of a file; of one that is merely found, those that are harmless, until the user has agreed to it.
    Raises ConfigError."""
    try:
        data = bounds.read_file(path, bounds.CONFIG)
        text = data.decode("utf-8-sig")
        tables = tomllib.loads(text.replace("\r\n", "\n").replace("\r", "\n"))
    except OSError as error:
        raise ConfigError("config-unreadable", place=str(path), error=error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise ConfigError("config-not-utf8", place=str(path), error=str(error)) from None
    except (ValueError, RecursionError) as error:  # also a number longer, or brackets deeper, than Python reads
        raise ConfigError("config-not-toml", place=str(path), error=str(error)) from None
    trusted = why != "found" or agreed(path, data)
    settings = from_mapping(tables, str(path), path.resolve().parent, trusted=trusted)
    source = dataclasses.replace(_source(settings), path=str(path), why=why, trusted=trusted)
    return dataclasses.replace(settings, source=source)


def _source(settings: Settings) -> Source:
    return settings.source or Source()


class Entry:
    """A key of wxalarm.toml as its field declares it.

    item: str, int, float or bool, of the value or of each of the values. choices: what may be written → what is read;
    empty: anything of the type. many: a list; one value alone stands for a list of one. secret: which of SECRETS the
    key names the source of. harmless: as `Key` says.
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
        harmless: bool = False,
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
        self.harmless = harmless


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


@functools.cache
def _entries(cls: type, table: str) -> tuple[Entry, ...]:
    return tuple(_made_of(cls, table))


def _made_of(cls: type, table: str) -> Iterator[Entry]:
    hints = get_type_hints(cls, include_extras=True)
    for one in dataclasses.fields(cls):
        if cls is Account and one.name == "secrets":
            yield from _secret_entries(table)
        hint, *extras = get_args(hints[one.name]) if get_origin(hints[one.name]) is Annotated else [hints[one.name]]
        key = next((extra for extra in extras if isinstance(extra, Key)), None)
        if key is None or key.only not in (None, table):
            continue
        default = one.default_factory() if one.default_factory is not dataclasses.MISSING else one.default
        yield _entry(cls, table, one.name.removesuffix("_"), hint, key, default)


def attribute(key: str) -> str:
    """The field that a key of the file is: `for` is a word of Python."""
    return key + "_" * keyword.iskeyword(key)


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
        harmless=key.harmless,
    )


def from_mapping(
    data: Mapping[str, Any],
    where: str = FILE_NAME,
    folder: Path | None = None,
    settings: type[Settings] = Settings,
    *,
    trusted: bool = True,
) -> Settings:
    """Settings from the tables of a TOML file; paths in it are named from `folder`; unless it is trusted, of its keys
    only those that are harmless. Raises ConfigError."""
    known = tables(settings)
    _known(data, known, where, "")
    unused: list[str] = []

    def counted(found: Mapping[str, Any], table: Table, section: str) -> dict[str, Any]:
        values = _read(found, table.keys, where, section, folder)
        withheld = [key for key in values if not (trusted or table.keys[key].harmless)]
        unused.extend(f"{section}.{key}" for key in withheld)
        return {key: value for key, value in values.items() if key not in withheld}

    accounts: list[Account] = []
    values: dict[str, Any] = {}
    for name, table in known.items():
        found = _table(data, name, where)
        if table.named:
            for one, own in found.items():
                _no_secret(own, where, f"{name}.{one}")
                accounts.append(_account(one, counted(own, table, f"{name}.{one}"), name))
        else:
            values[name] = table.cls(**{attribute(key): value for key, value in counted(found, table, name).items()})
    made = settings(accounts=tuple(accounts), **values)
    if "://" in (url := made.store.url or "") and store_parts(url, f"{where}: store.url").password:
        raise ConfigError("config-secret", place=f"{where}: store.url", secret="password")
    secrets = _secrets(made)
    if sent := [secret for secret in secrets if secret.use == "sent" and in_clear(made.api.base_url)]:
        raise ConfigError("config-in-clear", place=f"{where}: api.base_url", found=sent[0].to[0], key=sent[0].key)
    return dataclasses.replace(made, source=Source(unused=tuple(unused), secrets=(*secrets, *_of_store(made.store))))


def paths_in(settings: Settings) -> Iterator[str]:
    """Every path that the settings name: of the keys whose form is one, and of secrets."""
    for name, table in tables(type(settings)).items():
        if table.named:
            continue
        for entry in table.keys.values():
            if entry.form == "path" and (value := getattr(getattr(settings, name), attribute(entry.name))):
                yield from (value if entry.many else [value])
    for account in settings.accounts:
        yield from (place for key, place in account.secrets.items() if key.endswith("_file"))


def _secrets(settings: Settings) -> tuple[Secret, ...]:
    found = []
    for account in settings.accounts:
        for key, place in account.secrets.items():
            use = SECRETS[key.rpartition("_")[0]]
            urls = (settings.api.base_url,) if use == "sent" else account.urls()
            to = tuple(dict.fromkeys(map(_origin, urls)))
            found.append(Secret(account.name, f"{account.section}.{key}", place, use, to))
    return tuple(found)


def _of_store(store: Store) -> Iterator[Secret]:
    """The password goes to the store's server; key and token of the door go nowhere."""
    for name in ("password", "key", "door_token"):
        for key in (f"{name}_env", f"{name}_file"):
            if place := getattr(store, key):
                to = (_origin(store.url),) if name == "password" and store.url else ()
                yield Secret("store", f"store.{key}", place, "sent", to)


def _origin(url: str) -> str:
    """Scheme, host and port of a URL that `_url` let through: without a name and password in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def in_clear(url: str) -> bool:
    """Whether what is sent there can be read on the way: without TLS, and not on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"


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
    number = bounds.whole(port)
    if number is None or not 0 < number < 65536:
        raise ValueError(text)
    return str(ipaddress.ip_address(address)), number


def _no_secret(table: Any, where: str, place: str) -> None:
    """Raises ConfigError unless it is a table without the value of a secret."""
    if not isinstance(table, Mapping):
        raise ConfigError("config-table", place=where, key=place)
    for secret in SECRETS:
        if secret in table:
            raise ConfigError("config-secret", place=f"{where}: {place}.{secret}", secret=secret)


def _account(name: str, values: Mapping[str, Any], section: str) -> Account:
    secrets = {key: value for key, value in values.items() if key.rpartition("_")[0] in SECRETS}
    others = {key: value for key, value in values.items() if key not in secrets}
    return Account(name=name, platform=section == "platforms", secrets=secrets, **others)


def _url(text: str, place: str) -> None:
    """Raises ConfigError unless the text is an http or https URL with a host."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError("config-url", place=place, found=repr(text))


def store_parts(url: str, place: str) -> SplitResult:
    """Parts of a store's URL. Raises ConfigError, which does not repeat the URL: a password may stand in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises, too
    except ValueError:
        raise ConfigError("config-store-url", place=place) from None
    return parts


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


def _secret(section: str, name: str, variable: str | None, file_name: str | None) -> str | None:
    """A secret by the variable or the file that names it; None when neither does, or the variable is unset. Raises
    ConfigError."""
    if variable:
        return os.environ.get(variable)
    if file_name:
        return read_secret(Path(os.path.expanduser(file_name)), f"{section}.{name}_file")
    return None


def read_secret(path: Path, place: str) -> str:
    """What a secret's file holds. Raises ConfigError when it cannot be read, or others can read it."""
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError("config-secret-open", place=place, path=str(path))
        return bounds.read_file(path, bounds.SECRET).decode("utf-8").strip()
    except OSError as error:
        found = error.strerror or str(error)
        raise ConfigError("config-secret-unreadable", place=place, path=str(path), error=found) from None
    except UnicodeDecodeError as error:
        raise ConfigError("config-secret-not-utf8", place=place, path=str(path), error=str(error)) from None
