"""Where on the video pages somebody stands: which of the tenant's connections is looked at."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal.tenancy.roles import Role
from portal.vendors import desks
from portal.vendors.desks import allows, asked_for
from portal.vendors.models import Connection
from provisioning.models import MirrorState, Product, ProductQuerySet

VENDOR = "kandy"


@dataclass(frozen=True)
class Desk(desks.Desk):
    """`products` are those of all connections, as `for_desk` reads them; `chosen` is the connection looked at."""

    products: list[Product]
    chosen: Connection
    app = "provisioning"

    @property
    def connection(self) -> Connection:
        return self.chosen

    @property
    def connections(self) -> list[Connection]:
        return list({product.connection_id: product.connection for product in self.products}.values())

    @cached_property
    def own_products(self) -> list[Product]:
        return [product for product in self.products if product.connection_id == self.connection.pk]

    @property
    def mirror(self) -> MirrorState:
        return self.connection.mirror

    def product(self, pk: str = "") -> Product:
        """The chosen product, else the first. Raises Http404 for one that is not here."""
        if not pk:
            return self.own_products[0]
        return next((one for one in self.own_products if str(one.pk) == pk), None) or _nowhere()


def desk_of(request: HttpRequest, *, attention: bool = False, products: ProductQuerySet | None = None) -> Desk | None:
    """The desk that ?connection= names, else the first; None when the tenant has no video connection.

    `products` as `for_desk` reads them, where a page wants more of them. Costs one query. Raises Http404 for a connection
    that is not the tenant's.
    """
    products = (Product.objects.for_desk() if products is None else products).filter(connection__vendor=VENDOR)
    found = list(products.with_attention() if attention else products)
    if not found:
        return None
    return Desk(found, _chosen(found, asked_for(request)))


def _chosen(products: list[Product], pk: str) -> Connection:
    if not pk:
        return products[0].connection
    return next((one.connection for one in products if str(one.connection_id) == pk), None) or _nowhere()


def _nowhere() -> Any:
    raise Http404


def no_connection(request: HttpRequest) -> HttpResponse:
    """There is nothing to show before a connection is made."""
    return render(request, "provisioning/no_connection.html", {"may_connect": allows(request, Role.ADMIN)})
