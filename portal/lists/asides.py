"""What stands around the rows of a list: saved filters, and the choices of its selects. All of it by one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject

from portal.lists.models import SavedFilter
from portal.lists.registry import ListSpec
from portal.tenancy.models import Membership, Tenant
from portal.ui.forms import FilterForm


@dataclass(frozen=True)
class KeptFilter:
    """A saved filter as the page shows it; `user` is the id of who keeps it, `by` the e-mail address."""

    pk: int
    name: str
    query: str
    shared: bool
    user: int
    by: str


@dataclass(frozen=True)
class Aside:
    saved: list[KeptFilter]
    offers: Mapping[str, list[tuple[Any, str]]]


def aside_of(spec: ListSpec, member: Membership) -> Aside:
    """Read from the tenant's own row, which is there whatever else is not."""
    saved = SavedFilter.objects.for_list(member.tenant, spec.key, member.user_id)
    shown = JSONObject(pk="pk", name="name", query="query", shared="shared", user="user_id", by="user__email")
    offers = spec.offers(member.tenant)
    wanted = {f"offer_{name}": ArraySubquery(rows) for name, rows in offers.items()}
    row: Any = Tenant.objects.values(saved=ArraySubquery(saved.values(shown=shown)), **wanted).get(pk=member.tenant_id)
    return Aside(
        [KeptFilter(**kept) for kept in row["saved"]], {name: _choices(row[f"offer_{name}"]) for name in offers}
    )


def _choices(found: list[dict[str, Any]]) -> list[tuple[Any, str]]:
    pairs = [(choice["value"], str(choice["label"])) for choice in found]
    return sorted(pairs, key=lambda pair: pair[1].lower())


def offer(form: FilterForm, offers: Mapping[str, list[tuple[Any, str]]]) -> None:
    """Put the choices behind those that each select has already."""
    for name, pairs in offers.items():
        widget: Any = form.fields[name].widget
        widget.choices = [*widget.choices, *pairs]
