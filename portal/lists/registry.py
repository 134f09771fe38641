"""The lists of the portal: each app registers its own, and gets search, sorting, saved filters, selection and CSV for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.ui.forms import FilterForm

Label = Any  # a string or a lazy translation


@dataclass(frozen=True)
class Column:
    """One column: what a CSV file says of a row, and by what the list is sorted where somebody asks for it.

    `order` are field names as `keyset_page` takes them, for the ascending direction, ending in a unique one; () cannot be
    sorted by. Each needs an index that begins with the tenant.
    """

    name: str
    label: Label
    value: Callable[[Any], Any]
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListSpec:
    """One list of a tenant. `key` is app.plural ("provisioning.subscribers") and is kept in saved filters and exports.

    `rows` gives all rows in the scope of the tenant, `form` the filters for what an address says, `narrow` the rows that
    fit them; none of them needs a request, since exports and bulk work run in the background.
    """

    key: str
    label: Label
    url_name: str
    role: Role
    columns: tuple[Column, ...]
    rows: Callable[[Tenant], QuerySet[Any]]
    form: Callable[[Mapping[str, Any], Tenant], FilterForm]
    narrow: Callable[[FilterForm, QuerySet[Any], Tenant], QuerySet[Any]]
    order: tuple[str, ...] = ("-created_at", "-pk")


@dataclass(frozen=True)
class Selection:
    """Which rows somebody chose: those with `ids`, or `everything` that fits the filters of the address `query`."""

    query: str = ""
    ids: tuple[int, ...] = ()
    everything: bool = False


_lists: dict[str, ListSpec] = {}


def register(spec: ListSpec) -> None:
    """Add a list, in `AppConfig.ready`; registering the same `key` again replaces it."""
    _lists[spec.key] = spec


def list_of(key: str) -> ListSpec | None:
    return _lists.get(key)


def lists() -> list[ListSpec]:
    return list(_lists.values())


def fitting(spec: ListSpec, query: str, tenant: Tenant) -> QuerySet[Any]:
    """The rows that fit the filters of the address `query` ("q=ann&state=active"), in no order."""
    form = spec.form(QueryDict(query), tenant)
    return spec.narrow(form, spec.rows(tenant), tenant)


def chosen(spec: ListSpec, selection: Selection, tenant: Tenant) -> QuerySet[Any]:
    """The rows of a selection. Ids that are not the tenant's, or not in the list, choose nothing."""
    rows = fitting(spec, selection.query, tenant)
    return rows if selection.everything else rows.filter(pk__in=selection.ids)
