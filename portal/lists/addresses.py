"""What the address of a list page asks for: its filters, its order, and the canonical way to write both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from portal.lists.registry import ListSpec, order_of, sortable
from portal.tenancy.models import Tenant
from portal.ui.forms import FilterForm

LONGEST_QUERY = 2_000
SORT = "sort"


@dataclass(frozen=True)
class Asked:
    """`query` writes the filters that a person chose, `fixed` what the page itself adds ("connection=3"); neither has a sort.

    `sort` names a column, "-" before it for descending, or is "" for the list's own order.
    """

    form: FilterForm
    query: str
    fixed: str
    sort: str
    order: tuple[str, ...]

    @property
    def filters(self) -> str:
        """What chooses these rows: the page's own part and the person's."""
        return joined(self.fixed, self.query)

    @property
    def view(self) -> str:
        """What shows this again, for saving: filters and order, without what belongs to the page."""
        return joined(self.query, _pair(SORT, self.sort))

    @property
    def whole(self) -> str:
        return joined(self.filters, _pair(SORT, self.sort))

    @property
    def valid(self) -> bool:
        return self.form.is_valid()

    def sorted_by(self, sort: str) -> str:
        """The address of the same rows in another order."""
        return joined(self.filters, _pair(SORT, sort))


def asked_of(spec: ListSpec, query: str, tenant: Tenant, fixed: Mapping[str, Any] | None = None) -> Asked:
    """Read the address `query`. One that is too long asks for nothing."""
    data = QueryDict(query if len(query) <= LONGEST_QUERY else "", mutable=True)
    own = {name: str(value) for name, value in (fixed or {}).items()}
    for name, value in own.items():
        data[name] = value
    form = spec.form(data, tenant)
    sort = data.get(SORT, "") if sortable(spec, data.get(SORT, "")) else ""
    return Asked(form, _filters(form, data, without=own), _encoded(own), sort, order_of(spec, sort))


def joined(*queries: str) -> str:
    return "&".join(filter(None, queries))


def _filters(form: FilterForm, data: QueryDict, *, without: Mapping[str, str]) -> str:
    """In the order of the form's fields, so that the same filters are always written alike."""
    kept = QueryDict(mutable=True)
    for name in form.fields:
        values = [value for value in data.getlist(name) if value.strip()]
        if values and name not in without:
            kept.setlist(name, values)
    return kept.urlencode()


def _encoded(values: Mapping[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update(values)
    return query.urlencode()


def _pair(name: str, value: str) -> str:
    return _encoded({name: value}) if value else ""
