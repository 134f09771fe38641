"""The vendors that are built in; each vendor app registers its own when it starts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portal.vendors.http import VendorHttp


@dataclass(frozen=True)
class Vendor:
    """A vendor API as the portal's shared parts need it.

    `probe` makes one harmless read over a connection and returns a sentence about what it saw; it is how a connection
    is tested. `path` and `summary` say where the tenant's pages of it begin. `personal`: calls carry people's numbers
    and what is written to them, which the call log does not keep. `tokens` makes the source of a line's tokens where they
    are not had by client credentials; it is called as `SharedToken` is. With `token_path` the token URL is the base URL with
    that path, unless a person enters another one. `changed` is called with a connection that leads elsewhere now, or to
    another account, and with the base URL that it had before. `consent` names the tenant's page on which people allow at
    the vendor what credentials alone do not.
    """

    key: str
    label: Any
    summary: Any
    default_base_url: Callable[[], str]
    default_token_url: Callable[[], str]
    probe: Callable[["VendorHttp"], str]
    home: str
    created: Callable[[Any], None] = lambda connection: None
    personal: bool = False
    tokens: Callable[..., Any] | None = None
    token_path: str = ""
    changed: Callable[[Any, str], None] = lambda connection, base_url: None
    consent: str = ""


_vendors: dict[str, Vendor] = {}


def register(spec: Vendor) -> None:
    _vendors[spec.key] = spec


def vendor(key: str) -> Vendor:
    return _vendors[key]


def carries_personal(key: str) -> bool:
    """Are calls to this vendor about people? One that is not registered counts as such, too."""
    return key not in _vendors or _vendors[key].personal


def tokens_of(key: str) -> Callable[..., Any] | None:
    """What makes the source of tokens of this vendor's lines; None for the usual one."""
    return _vendors[key].tokens if key in _vendors else None


def vendors() -> list[Vendor]:
    return list(_vendors.values())
