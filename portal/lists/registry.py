"""The lists of the portal: each app registers its own, and gets search, sorting, saved filters, selection and CSV for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import JSONObject
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


def _nothing(_tenant: Tenant) -> Mapping[str, QuerySet[Any]]:
    return {}


@dataclass(frozen=True)
class ListSpec:
    """One list of a tenant. `key` is app.plural ("provisioning.subscribers") and is kept in saved filters and exports.

    `rows` gives all rows in the scope of the tenant, `form` the filters for what an address says, `narrow` the rows that
    fit them; none of them needs a request, since exports and bulk work run in the background. `rows` brings along what
    the columns read, so that a row costs no query of its own. `order` is that of a page that asks for no other.
    `offers` are further choices of the form's selects, by field (of `choices_of`): only a page reads them, so the form must
    understand an answer without them.
    """

    key: str
    label: Label
    url_name: str
    role: Role
    columns: tuple[Column, ...]
    rows: Callable[[Tenant], QuerySet[Any]]
    form: Callable[[Mapping[str, Any], Tenant], FilterForm]
    narrow: Callable[[Any, QuerySet[Any], Tenant], QuerySet[Any]]
    order: tuple[str, ...] = ("-created_at", "-pk")
    offers: Callable[[Tenant], Mapping[str, QuerySet[Any]]] = _nothing


@dataclass(frozen=True)
class Selection:
    """Which rows somebody chose: those with `ids`, or `everything` that fits the filters of the address `query`."""

    query: str = ""
    ids: tuple[int, ...] = ()
    everything: bool = False


# More are not looked through in a select.
MOST_OFFERED = 500

_lists: dict[str, ListSpec] = {}


def register(spec: ListSpec) -> None:
    """Add a list, in `AppConfig.ready`; registering the same `key` again replaces it."""
    _lists[spec.key] = spec


def list_of(key: str) -> ListSpec | None:
    return _lists.get(key)


def lists() -> list[ListSpec]:
    return list(_lists.values())


def choices_of(rows: QuerySet[Any], value: str, label: Any) -> QuerySet[Any]:
    """The first MOST_OFFERED of `rows` as choices: `value` names a field, `label` is one or an expression."""
    return rows.values(choice=JSONObject(value=value, label=label))[:MOST_OFFERED]


def fitting(spec: ListSpec, query: str, tenant: Tenant) -> QuerySet[Any]:
    """The rows that fit the filters of the address `query` ("q=ann&state=active"), in no order.

    None at all for filters that are not understood: what is done to all of them must not be done to others.
    """
    form = spec.form(QueryDict(query), tenant)
    rows = spec.rows(tenant)
    return spec.narrow(form, rows, tenant) if form.is_valid() else rows.none()


def chosen(spec: ListSpec, selection: Selection, tenant: Tenant) -> QuerySet[Any]:
    """The rows of a selection. Ids that are not the tenant's, or not in the list, choose nothing.

    Rows that were ticked are chosen although they may have left the filter since: who does something to them tells why not.
    """
    if selection.everything:
        return fitting(spec, selection.query, tenant)
    return spec.rows(tenant).filter(pk__in=selection.ids)


def order_of(spec: ListSpec, sort: str) -> tuple[str, ...]:
    """What `sort` ("name", "-name" for descending) orders by; the list's own order where it names no sortable column."""
    column = sortable(spec, sort)
    if column is None:
        return spec.order
    return tuple(_turned(field) for field in column.order) if sort.startswith("-") else column.order


def sortable(spec: ListSpec, sort: str) -> Column | None:
    name = sort.removeprefix("-")
    return next((column for column in spec.columns if column.order and column.name == name), None)


def _turned(field: str) -> str:
    return field[1:] if field.startswith("-") else f"-{field}"
