"""Every address of the portal, found by walking the URL resolver, and the samples that lead to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

TENANT_PREFIX = "t/<slug:slug>/"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Address:
    """One pattern of the resolver: its full name ("tenancy:people"), its route, and the view it leads to."""

    name: str
    route: str
    view: Any
    package: str

    @property
    def of_tenant(self) -> bool:
        return self.route.startswith(TENANT_PREFIX)

    @property
    def numbers(self) -> list[str]:
        """The names of the route's whole numbers."""
        parts = self.route.split("<int:")[1:]
        return [part.split(">")[0] for part in parts]


def addresses(resolver: URLResolver | None = None, route: str = "", names: tuple[str, ...] = ()) -> Iterator[Address]:
    resolver = resolver or get_resolver()
    for entry in resolver.url_patterns:
        full = route + str(entry.pattern)
        if isinstance(entry, URLPattern):
            name = ":".join([*names, entry.name or ""])
            yield Address(name, full, entry.callback, entry.callback.__module__.rpartition(".")[0])
        else:
            yield from addresses(entry, full, (*names, entry.namespace) if entry.namespace else names)


def tenant_addresses() -> list[Address]:
    return [address for address in addresses() if address.of_tenant]


def sample_modules() -> list[Any]:
    """tests/<app>/samples.py of every app that has one; a missing one is left to the sweep to complain of."""
    tests = Path(__file__).parents[1]
    return [import_module(f"tests.{found.parent.name}.samples") for found in sorted(tests.glob("*/samples.py"))]


def all_samples(tenant: Any, owner: Any) -> dict[str, dict[str, Any]]:
    """Rows for every address in `tenant`; the scope is the caller's."""
    found: dict[str, dict[str, Any]] = {}
    for module in sample_modules():
        found |= module.samples(tenant, owner)
    return found


def url_of(address: Address, slug: str, sample: dict[str, Any]) -> str:
    return reverse(address.name, kwargs={"slug": slug, **sample})
