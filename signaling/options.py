"""What an operator may set of a node's doors, checked before anything is opened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from hub.settings import Settings
from signaling.callee_file import CalleesInvalid, read_callees
from signaling.callees import Callee
from signaling.outside import AddressInvalid, check_url
from signaling.policy import Policy, networks, well_formed_origin
from signaling.shares import ShareLimits
from signaling.targets import Named, TargetsInvalid, check_targets, read_targets
from signaling.voice.root import VoiceOptions
from signaling.webhooks import SecretInvalid, read_secret


class OptionsInvalid(ValueError):
    """An option that cannot be; `option` names it, the text says what is wrong with it."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"--{option}: {problem}")
        self.option = option


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to serve.

    `redis`: the store's URL; empty: the embedded one in `data`, which may take `store_memory` MB (0: its fair share).
    `advertise`: the addresses at which clients reach the hub (`https://hub.example`), told to those who must go
    elsewhere. `origins`: pages beside its own that may talk to it. `proxies`: networks whose forwarded headers are
    believed. `files`: a folder served at `/`.
    `media_port`: of calls, UDP and TCP (0: any); `media_addresses`: the IP addresses at which calls reach the node
    (none: its own). `ears`, `voice`, `turn_model`: engines (`signaling.voice.engines`).
    `webhook`: where it is told that somebody is wanted who is away, signed with `webhook_secret`; http and addresses of
    private networks only if `webhook_private`. `targets`: a file that names others (`signaling.targets`); `own_targets`
    are such as a program of one's own made that serves a hub (`signaling.serve.serving`).
    `tools`: a file that names what the hub calls for agents (`signaling.callee_file`).
    `push_contact`: whom push services reach, `mailto:` or https; with it, browsers are told by Web Push, at http and
    private addresses only if `push_private`.
    `each_…`: what one participant may have of a node, `each_address`: connections of one address (0: any number).
    `socket`: the descriptor of a listening socket that a supervisor holds (-1: none; `host` and `port` count).
    """

    host: str = "127.0.0.1"
    port: int = 7070
    data: Path = Path("legato-data")
    redis: str = ""
    accept_store: str = ""
    synced: bool = False
    store_memory: int = 0
    name: str = ""
    advertise: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    files: Path | None = None
    log_level: str = "info"
    drain_s: float = 20.0
    socket: int = -1
    media_port: int = 0
    media_addresses: tuple[str, ...] = ()
    ears: str = "auto"
    voice: str = "auto"
    turn_model: Path | None = None
    webhook: str = ""
    webhook_secret: str = field(default="", repr=False)
    webhook_private: bool = False
    targets: Path | None = None
    own_targets: tuple[Named, ...] = ()
    tools: Path | None = None
    push_contact: str = ""
    push_private: bool = False
    each_connections: int = 256
    each_verbs: int = 50
    each_sessions: int = 60
    each_open: int = 1_000
    each_address: int = 0
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise OptionsInvalid("tls-cert", "a certificate and its key come together")
        for origin in self.origins:
            if not well_formed_origin(origin):
                raise OptionsInvalid("origin", "an origin is scheme://host[:port], nothing more")
        for address in self.advertise:
            if not well_formed_origin(address):
                raise OptionsInvalid("advertise", "an address is https://host[:port], nothing more")
        try:
            networks(self.proxies)
        except ValueError:
            raise OptionsInvalid("proxy", "a proxy is an address or a network, as 10.0.0.0/8") from None
        if not 0 <= self.port <= 65_535:
            raise OptionsInvalid("port", "0 to 65535")
        if not 0 <= self.media_port <= 65_535:
            raise OptionsInvalid("media-port", "0 to 65535")
        self._check_telling()
        self.callees()
        if not all(_is_address(each) for each in self.media_addresses):
            raise OptionsInvalid("media-address", "an IP address, as 192.0.2.7 or 2001:db8::7")

    def _check_telling(self) -> None:
        if self.push_contact and not self.push_contact.startswith(("mailto:", "https:")):
            raise OptionsInvalid("push-contact", "mailto:… or https:…, whom push services reach")
        self.named_targets()
        if not self.webhook:
            return
        try:
            check_url(self.webhook, private=self.webhook_private)
        except AddressInvalid as invalid:
            raise OptionsInvalid("webhook", f"{invalid} (--webhook-private allows others)") from None
        try:
            read_secret(self.webhook_secret)
        except SecretInvalid as invalid:
            raise OptionsInvalid("webhook", f"LEGATO_WEBHOOK_SECRET: {invalid}") from None

    def named_targets(self) -> tuple[Named, ...]:
        """Whom else the hub tells. Raises `OptionsInvalid`."""
        try:
            found = read_targets(self.targets, time.time) if self.targets is not None else ()
            check_targets((*found, *self.own_targets))
        except TargetsInvalid as invalid:
            raise OptionsInvalid("targets", str(invalid)) from None
        return (*found, *self.own_targets)

    def callees(self) -> tuple[Callee, ...]:
        """What it calls for agents. Raises `OptionsInvalid`."""
        try:
            return read_callees(self.tools) if self.tools is not None else ()
        except CalleesInvalid as invalid:
            raise OptionsInvalid("tools", str(invalid)) from None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the hub."""
        if self.proxies:
            return False
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def voice_options(self) -> VoiceOptions:
        """How it takes calls: at the address that it listens on, unless others are given."""
        host = "127.0.0.1" if self.host == "localhost" else self.host
        shown = self.media_addresses or ((host,) if _is_address(host) and not _is_wildcard(host) else ())
        # Calls that reach this machine from elsewhere do not come to a loopback address.
        elsewhere = _is_loopback(host) and not all(map(_is_loopback, self.media_addresses))
        bound = host if _is_address(host) and not elsewhere else "0.0.0.0"
        return VoiceOptions(
            host=bound,
            port=self.media_port,
            advertise=shown,
            ears=self.ears,
            voice=self.voice,
            turn_model=self.turn_model,
        )

    @property
    def each(self) -> ShareLimits:
        """What one participant may have of it."""
        return ShareLimits(
            connections=self.each_connections,
            verbs_a_second=self.each_verbs,
            sessions_a_minute=self.each_sessions,
            sessions_open=self.each_open,
        )

    @property
    def policy(self) -> Policy:
        """Which pages may talk to it."""
        return Policy(frozenset(self.origins), proxies=networks(self.proxies))

    def url(self, port: int) -> str:
        """Where it listens, as somebody on this machine would type it."""
        scheme = "https" if self.tls_cert is not None else "http"
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"{scheme}://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_wildcard(text: str) -> bool:
    return ip_address(text).is_unspecified


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ip_address(text).is_loopback
