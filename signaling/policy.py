"""Which pages may talk to the hub, and who asks: origins and addresses.

No cookie is ever read and no credential ever stands in a URL, so a page of another origin has nothing to
ride on; the list of origins is the second lock. It is exact: scheme, host and port.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

_DEFAULT_PORT: Final = {"http": 80, "https": 443}


def origin_of(scheme: str, host: str) -> str:
    """The origin of a page served at `host` (with its port, if it is not the scheme's own)."""
    name, _, port = host.rpartition(":") if _has_port(host) else (host, "", "")
    if port and int(port) == _DEFAULT_PORT.get(scheme):
        host = name
    return f"{scheme}://{host.lower()}"


def _has_port(host: str) -> bool:
    _, colon, port = host.rpartition(":")
    return bool(colon) and port.isdigit() and not (host.startswith("[") and host.endswith("]"))


def name_in(host: str) -> str:
    """The name or the address in a request's `Host`: without its port and brackets, in lower case."""
    name = host.rpartition(":")[0] if _has_port(host) else host
    return name.removeprefix("[").removesuffix("]").lower()


def loopback(address: str) -> bool:
    """Whether `address` (perhaps with its zone) is one that reaches no other machine."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def well_formed_origin(text: str) -> bool:
    """Whether `text` is an origin as browsers send it: scheme, host, and a port unless it is the usual one."""
    parts = urlsplit(text)
    bare = f"{parts.scheme}://{parts.netloc}"
    return parts.scheme in _DEFAULT_PORT and bool(parts.hostname) and text == bare and "@" not in parts.netloc


@dataclass(frozen=True, slots=True)
class Policy:
    """`origins` may talk to the hub beside the page's own (that which the hub itself serves, if `own`).
    `proxies` are the networks whose `X-Forwarded-*` headers are believed."""

    origins: frozenset[str] = frozenset()
    own: bool = True
    proxies: Sequence[Network] = field(default_factory=tuple)

    def allows(self, origin: str, scheme: str, host: str) -> bool:
        """Whether a request that says it comes from `origin` may pass. Without an origin it is no page."""
        if origin in self.origins:
            return True
        return self.own and origin == origin_of(scheme, host)

    def trusts(self, peer: str) -> bool:
        """Whether `peer` is one of our proxies."""
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address.version == network.version and address in network for network in self.proxies)

    def seen(self, peer: str, scheme: str, host: str, headers: Mapping[str, str]) -> tuple[str, str, str]:
        """The client's address, scheme and host: the socket's own, or what a trusted proxy says.

        Of several addresses in `X-Forwarded-For` the last that is not a trusted proxy counts: those before it
        are the client's own words.
        """
        if not self.trusts(peer):
            return peer, scheme, host
        address = peer
        for hop in reversed(headers.get("X-Forwarded-For", "").split(",")):
            if not (hop := hop.strip()):
                break
            address = hop
            if not self.trusts(hop):
                break
        said = headers.get("X-Forwarded-Proto", scheme).strip().lower()
        return address, said if said in _DEFAULT_PORT else scheme, headers.get("X-Forwarded-Host", host)


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks that `texts` name. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)
