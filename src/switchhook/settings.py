"""Every setting once: its name, kind, default and help. Flags, environment, file and docs follow it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from switchhook.errors import MisuseError
from switchhook.files import read_bounded
from switchhook.projectfile.toml.document import decode, read_document
from switchhook.projectfile.toml.mistakes import Mistakes, Notes, shown
from switchhook.projectfile.toml.tables import Table, TableKey
from switchhook.projectfile.toml.value_types import (
    Location,
    OneOf,
    Text,
    ValueType,
    Whole,
    WrongError,
    YesNo,
)
from switchhook.trusted_proxies import TrustedProxies
from switchhook.webhooks.mail import ADDRESS, DEFAULT_SENDER, MAX_ADDRESS, MailServer, Security

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.delivery.http.proxy import Proxy

PREFIX = "SWITCHHOOK_"
"""Begins the name of every setting in the environment."""
CONFIG = "SWITCHHOOK_CONFIG"
"""The environment variable that names the settings file."""
_HOST = r"[A-Za-z0-9._-]*|[0-9A-Fa-f.]*(:[0-9A-Fa-f.]*){2,}"
"""A name, an IPv4 or an IPv6 address: no `mail.example.com:587`, which would be looked up as a name."""


_TRACES = "/v1/traces"
_ANYWHERE = frozenset({"0.0.0.0", "::"})
"""Addresses that mean all of this machine's."""


class LogLevel(StrEnum):
    """Least level of what is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A directory; `~` is the home of the user that runs Switchhook."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "directory"

    def read(self, value: object, at: Location) -> Path:
        """Take a path."""
        text = Text(what="a directory", least=1, most=4096).read(value, at)
        try:
            return Path(text).expanduser()
        except RuntimeError as error:
            raise WrongError(
                f"{shown(text)} begins with a user who is not known here", "write a whole path"
            ) from error

    def write(self, value: Path) -> str:
        """Write as text."""
        return Text().write(str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """A range of ports, `first-last`; empty text is any."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return 'two ports, as "20000-29999", or ""'

    def read(self, value: object, at: Location) -> str:
        """Take two ports, the smaller first."""
        text = Text(what=self.allowed, pattern=r"([0-9]{1,5}-[0-9]{1,5})?").read(value, at)
        ports = port_range(text)
        if text and not (len(ports) > 1 and ports[0] >= 1024 and ports[-1] <= 65535):
            raise WrongError(f"{shown(text)} is no range", "write ports from 1024 to 65535")
        return text

    def write(self, value: str) -> str:
        """Write as text."""
        return Text().write(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A part of all, from 0 to 1."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "0 to 1, as 0.1"

    def read(self, value: object, at: Location) -> float:
        """Take a number from 0 to 1."""
        del at
        if type(value) not in {int, float}:
            raise WrongError(f"{shown(value)} is no number", f"write {self.allowed}")
        assert isinstance(value, int | float)  # noqa: S101 (for the type checker; it is so above)
        if not 0 <= value <= 1:  # nan neither
            raise WrongError(f"{shown(value)} is no part of all", f"write {self.allowed}")
        return float(value)

    def write(self, value: float) -> str:
        """Write with its fraction."""
        return repr(value)


def port_range(text: str) -> range:
    """Return the ports that `first-last` means; none for empty text."""
    first, _, last = text.partition("-")
    return range(int(first), int(last) + 1) if text else range(0)


def _is(kind: ValueType, help_: str) -> dict[str, Any]:
    return {"kind": kind, "help": help_}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one Switchhook runs. What belongs to a project stands in its project file instead."""

    data_dir: Path = field(
        default=Path("~/.local/share/switchhook"),
        metadata=_is(
            Folder(), "where calls, deliveries and projects are kept; made when it is missing"
        ),
    )
    sip_host: str = field(
        default="127.0.0.1",
        metadata=_is(
            Text(what="an IP address such as 192.0.2.10", least=1, pattern=r"[0-9A-Fa-f:.]+"),
            "address that telephones reach; the default is open to this machine alone",
        ),
    )
    sip_port: int = field(
        default=5060,
        metadata=_is(Whole(least=0, most=65535), "UDP and TCP port for SIP; 0 takes a free one"),
    )
    sip_capture: bool = field(
        default=True,
        metadata=_is(
            YesNo(),
            "whether the SIP messages of calls are kept with them, without secrets; a project may do without",
        ),
    )
    rtp_ports: str = field(
        default="",
        metadata=_is(
            Ports(),
            "UDP ports for sound that goes through here: of the even ones two for each call; empty"
            " takes free ones",
        ),
    )
    rtp_timeout: int = field(
        default=60,
        metadata=_is(
            Whole(least=0, most=3600),
            "seconds without sound from either side, unless on hold, after which a call whose sound"
            " goes through here is ended; 0 is never",
        ),
    )
    web_host: str = field(
        default="127.0.0.1",
        metadata=_is(
            Text(what='an IP address such as 192.0.2.10, or ""', pattern=r"[0-9A-Fa-f:.]*"),
            "address that the HTTP API is served at; without web_certificate it speaks no TLS, and a reverse proxy"
            " belongs in front; empty: none is served",
        ),
    )
    web_port: int = field(
        default=8070,
        metadata=_is(Whole(least=0, most=65535), "TCP port of the HTTP API; 0 takes a free one"),
    )
    web_requests_per_minute: int = field(
        default=1200,
        metadata=_is(
            Whole(least=1, most=1_000_000),
            "requests that one token may send over the HTTP API within a minute; one more is answered 429",
        ),
    )
    web_certificate: str = field(
        default="",
        metadata=_is(
            Text(what='a file such as /etc/ssl/pbx.pem, or ""', most=4096),
            "file with the certificate of the HTTP API and those between it and its authority, as PEM: it is served"
            " over HTTPS alone then; a renewed one is taken within seconds",
        ),
    )
    web_key: str = field(
        default="",
        metadata=_is(
            Text(what='a file such as /etc/ssl/pbx.key, or ""', most=4096),
            "file with the certificate's private key, as PEM without a password",
        ),
    )
    trusted_proxies: str = field(
        default="",
        metadata=_is(
            Text(
                what='addresses and networks, as "127.0.0.1, 10.0.0.0/8, fd00::/8", or ""',
                most=4096,
            ),
            "reverse proxies in front of the HTTP API, whose X-Forwarded-For, -Proto and -Host are believed; empty:"
            " nobody's are",
        ),
    )
    metrics_token: str = field(
        default="",
        repr=False,
        metadata=_is(
            Text(
                what="at least 16 letters, digits and -._~+/=",
                most=256,
                pattern=r"([A-Za-z0-9._~+/=-]{16,})?",
                secret=True,
            ),
            "key that Prometheus reads `/metrics` of the HTTP API with, as a bearer token; empty: there is no `/metrics`",
        ),
    )
    public_url: str = field(
        default="",
        metadata=_is(
            Text(
                what='a URL such as https://pbx.example.com, or ""',
                most=512,
                pattern=r"(https?://[^\s/?#@\\]+(/[^\s?#\\]*)?)?",
            ),
            "URL by which the world reaches the HTTP API, of a reverse proxy perhaps: links to recordings begin"
            " with it; empty: they begin with the address that it is served at",
        ),
    )
    max_calls: int = field(
        default=1000,
        metadata=_is(
            Whole(least=1, most=100_000),
            "calls that may run at once; one more is refused with 503 and a time to try again",
        ),
    )
    keep_days: int = field(
        default=90,
        metadata=_is(
            Whole(least=1, most=3650),
            "days until an ended call is deleted, with its journal, deliveries, their attempts, and recordings",
        ),
    )
    smtp_host: str = field(
        default="",
        metadata=_is(
            Text(what='a host name or address without a port, or ""', most=253, pattern=_HOST),
            "mail server that takes the mail of projects; empty: none is sent",
        ),
    )
    smtp_port: int = field(
        default=587,
        metadata=_is(Whole(least=1, most=65535), "port of the mail server"),
    )
    smtp_security: Security = field(
        default=Security.STARTTLS,
        metadata=_is(
            OneOf(Security),
            "what keeps the connection to it private: TLS after STARTTLS, TLS from the start, or nothing",
        ),
    )
    smtp_username: str = field(
        default="",
        metadata=_is(Text(what="text", most=256), "user name on the mail server; empty: no login"),
    )
    smtp_password: str = field(
        default="",
        repr=False,
        metadata=_is(
            Text(what="a password", most=1024, secret=True),
            "password there; better in the file or the environment than in a flag, which others see",
        ),
    )
    mail_from: str = field(
        default=DEFAULT_SENDER,
        metadata=_is(
            Text(what="an e-mail address", most=MAX_ADDRESS, pattern=ADDRESS),
            "sender of mail; the mail server has to let us use it",
        ),
    )
    http_proxy: str = field(
        default="",
        repr=False,
        metadata=_is(
            Text(what='a URL such as http://proxy.example.com:3128, or ""', most=1024, secret=True),
            "HTTP proxy that asks and deliveries go through, with http://user:password@ before its name"
            " where it wants that; empty: none. The address guard holds all the same",
        ),
    )
    no_proxy: str = field(
        default="",
        metadata=_is(
            Text(
                what='names and networks, as "crm.lan, .example.com, 10.0.0.0/8", or ""', most=4096
            ),
            "what is reached without it",
        ),
    )
    otel_endpoint: str = field(
        default="",
        metadata=_is(
            Text(
                what='a URL such as http://127.0.0.1:4318, or ""',
                most=512,
                pattern=r"(https?://[^\s/?#@\\]+(/[^\s?#\\]*)?)?",
            ),
            "OpenTelemetry collector that gets a trace of each call, over OTLP/HTTP; `/v1/traces` is added where it"
            " is not there; needs the extra `otel`; empty: none are exported",
        ),
    )
    otel_headers: str = field(
        default="",
        repr=False,
        metadata=_is(
            Text(
                what='headers, as "x-api-key=secret, x-team=pbx", or ""',
                most=4096,
                pattern=r"(\s*[A-Za-z0-9-]+\s*=[^,\r\n]*(,\s*[A-Za-z0-9-]+\s*=[^,\r\n]*)*)?",
                secret=True,
            ),
            "headers that go along with traces; better in the file or the environment than in a flag, which others"
            " see",
        ),
    )
    otel_ratio: float = field(
        default=1.0, metadata=_is(Ratio(), "the part of all calls that is exported as traces")
    )
    otel_whole_numbers: bool = field(
        default=False,
        metadata=_is(
            YesNo(),
            "whether traces show whole telephone numbers, and not only their last two digits",
        ),
    )
    log_level: LogLevel = field(
        default=LogLevel.INFO,
        metadata=_is(OneOf(LogLevel), "least level of what is logged"),
    )
    log_json: bool = field(
        default=False,
        metadata=_is(YesNo(), "whether log lines are JSON, for programs that gather them"),
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", self.data_dir.expanduser())

    @property
    def proxy(self) -> Proxy | None:
        """Return the proxy that requests to endpoints go through. Raises ValueError where it is none."""
        if not self.http_proxy:
            return None
        from switchhook.delivery.http.proxy import Proxy  # noqa: PLC0415 (for those who send)

        return Proxy.parse(self.http_proxy, self.no_proxy)

    def url_of_links(self, port: int) -> str:
        """Return the URL that links begin with, where the HTTP API is served at `port`; empty where none is known.

        An address such as 0.0.0.0 says nothing of how the world reaches it.
        """
        if self.public_url or not self.web_host or not port or self.web_host in _ANYWHERE:
            return self.public_url.rstrip("/")
        host = f"[{self.web_host}]" if ":" in self.web_host else self.web_host
        return f"{self.web_scheme}://{host}:{port}"

    @property
    def web_scheme(self) -> str:
        """Return how the HTTP API is spoken to: http or https."""
        return "https" if self.web_certificate else "http"

    @property
    def otel_traces_url(self) -> str:
        """Return the URL that traces are sent to (OTLP 1, section "OTLP/HTTP")."""
        url = self.otel_endpoint.rstrip("/")
        return url if url.endswith(_TRACES) else f"{url}{_TRACES}"

    @property
    def otel_header_lines(self) -> dict[str, str]:
        """Return the headers that go along with traces."""
        pairs = (line.partition("=") for line in self.otel_headers.split(",") if line.strip())
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def proxies_in_front(self) -> TrustedProxies:
        """Return whose X-Forwarded headers are believed. Raises ValueError where it is none."""
        return TrustedProxies.parse(self.trusted_proxies)

    @property
    def mail_server(self) -> MailServer:
        """Return where mail is handed over."""
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            username=self.smtp_username,
            password=self.smtp_password,
        )


KEYS = tuple(
    TableKey(name=f.name, kind=f.metadata["kind"], help=f.metadata["help"], default=f.default)
    for f in fields(Settings)
)
"""The settings, in their order."""

FILE = Table(make=dict, keys=KEYS)
"""The settings file: a TOML document of one table."""


class SettingsError(MisuseError, ValueError):
    """Settings that cannot be used; the message names each, where it was set, and what to do."""


def load_settings(
    *, file: Path | None, environ: Mapping[str, str], flags: Mapping[str, object]
) -> Settings:
    """Put the settings together: flags win over the environment, that over the file, that over defaults.

    `flags` holds only what was given. Raises SettingsError with every mistake on a line of its own.
    Names in the environment that are no setting are left alone: container hosts add their own.
    """
    named = file or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    from_file = {} if named is None else _from_file(named)
    mistakes: list[str] = []
    found = dict(from_file)
    for key in KEYS:
        name = PREFIX + key.name.upper()
        flag = "--" + key.name.replace("_", "-")
        if name in environ:
            _take(key, environ[name], name, found, mistakes)
        if flags.get(key.name) is not None:
            _take(key, flags[key.name], flag, found, mistakes)
    settings = None if mistakes else Settings(**found)
    if settings is not None:
        mistakes += settings.mail_server.problems()
        mistakes += _proxy_problems(settings)
        if bool(settings.web_certificate) != bool(settings.web_key):
            mistakes.append("web_certificate and web_key: set both, or neither")
    if settings is None or mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


def _proxy_problems(settings: Settings) -> list[str]:
    if settings.no_proxy and not settings.http_proxy:
        return ["no_proxy is set without http_proxy: remove it, or name the proxy"]
    problems = []
    try:
        _ = settings.proxy
    except ValueError as error:
        problems.append(f"http_proxy, no_proxy: {error}")
    try:
        _ = settings.proxies_in_front
    except ValueError as error:
        problems.append(f"trusted_proxies: {error}")
    return problems


def _from_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = decode(read_bounded(file))
    except OSError as error:
        raise SettingsError(f"settings file {path}: {error.strerror}") from error
    read = text if isinstance(text, Mistakes) else read_document(text, FILE)
    if isinstance(read, Mistakes):
        lines = "\n".join(f"{path}: {mistake}" for mistake in read.mistakes)
        raise SettingsError(lines)
    assert isinstance(read, dict)  # noqa: S101 (for the type checker; FILE makes one)
    return read


def _take(
    key: TableKey, value: object, source: str, found: dict[str, Any], mistakes: list[str]
) -> None:
    """Let a later source win over what was found so far."""
    try:
        spot = Location(path=(key.name,), notes=Notes(), names={})
        found[key.attr] = key.kind.read(_parsed(key.kind, value), spot)
    except WrongError as wrong:
        advice = f"; {wrong.advice}" if wrong.advice else ""
        mistakes.append(f"{source}: {wrong.problem}{advice}")


def _parsed(kind: ValueType, value: object) -> object:
    """Read text, as the environment holds it, as the type that a file would hold."""
    if not isinstance(value, str):
        return value
    match kind:
        case Whole():
            if not re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value):
                raise WrongError(f"{shown(value)} is not a whole number", f"write {kind.allowed}")
            return int(value)
        case Ratio():
            if not re.fullmatch(r"\s*[0-9]{0,9}\.?[0-9]{1,9}\s*", value):
                raise WrongError(f"{shown(value)} is no number", f"write {kind.allowed}")
            return float(value)
        case YesNo():
            if (known := _WORDS.get(value.strip().lower())) is None:
                raise WrongError(f"{shown(value)} is not a yes or no", f"write {kind.allowed}")
            return known
        case _:
            return value


_WORDS = {"1": True, "true": True, "yes": True, "on": True} | {
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
