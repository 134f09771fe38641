"""The page of a list: everything its template needs, by few queries whatever the number of rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.urls import NoReverseMatch, reverse

from portal.bulk.registry import BatchKind, actions_for, imports_for
from portal.lists.addresses import Asked, asked_of
from portal.lists.asides import KeptFilter, aside_of, offer
from portal.lists.registry import ListSpec
from portal.tenancy.door import TenantRequest
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role
from portal.ui.paging import Page, keyset_page

PAGE_SIZE = 50


@dataclass(frozen=True)
class ListPage:
    """A list as one member sees it. `path` is its address without anything asked of it."""

    spec: ListSpec
    asked: Asked
    page: Page[Any]
    saved: list[KeptFilter]
    membership: Membership
    path: str
    form_key: UUID

    @property
    def filtered(self) -> bool:
        return bool(self.asked.query)

    @property
    def clear_url(self) -> str:
        return address(self.path, self.asked.fixed)

    @property
    def current_filter(self) -> KeptFilter | None:
        """The saved filter that this page shows."""
        return next((kept for kept in self.saved if self.asked.view and kept.query == self.asked.view), None)

    @property
    def may_delete_current(self) -> bool:
        kept = self.current_filter
        return kept is not None and (kept.user == self.membership.user_id or self.may_share)

    @property
    def may_share(self) -> bool:
        return self.membership.allows(Role.ADMIN)

    @cached_property
    def actions(self) -> list[BatchKind]:
        return actions_of(self.spec, self.membership)

    @cached_property
    def imports(self) -> list[tuple[BatchKind, str]]:
        """What can be imported here, and where."""
        kinds = [kind for kind in imports_for(self.spec.key) if may(self.membership, kind)]
        found = [(kind, _reversed("bulk:new", self.membership.tenant.slug, kind.name)) for kind in kinds]
        return [(kind, url) for kind, url in found if url]

    @property
    def choose_url(self) -> str:
        return _reversed("bulk:choose", self.membership.tenant.slug)

    @property
    def export_url(self) -> str:
        """Where these rows come as CSV; nowhere while a filter is not understood."""
        path = reverse("lists:export", args=[self.membership.tenant.slug, self.spec.key])
        return address(path, self.asked.whole) if self.asked.valid else ""


def list_page(
    request: TenantRequest, spec: ListSpec, *, fixed: Mapping[str, Any] | None = None, size: int = PAGE_SIZE
) -> dict[str, Any]:
    """The context of a list's template: `list`, `page`, `form`, `filtered`, `selectable`. Two queries.

    `fixed` are filters that the page sets whatever its address says, such as the connection that is looked at.
    """
    asked = asked_of(spec, request.META.get("QUERY_STRING", ""), request.tenant, fixed)
    aside = aside_of(spec, request.membership)
    offer(asked.form, aside.offers)
    found = ListPage(
        spec=spec,
        asked=asked,
        page=page_of(request, spec, asked, size),
        saved=aside.saved,
        membership=request.membership,
        path=request.path,
        form_key=uuid4(),
    )
    return {
        "list": found,
        "page": found.page,
        "form": asked.form,
        "filtered": found.filtered,
        "selectable": selectable(request, spec),
    }


def page_of(request: TenantRequest, spec: ListSpec, asked: Asked, size: int = PAGE_SIZE) -> Page[Any]:
    """The rows alone, for a piece of the page that is asked for again."""
    rows = spec.narrow(asked.form, spec.rows(request.tenant), request.tenant)
    return keyset_page(rows, order=asked.order, cursor=request.GET.get("cursor", ""), size=size)


def selectable(request: TenantRequest, spec: ListSpec) -> bool:
    """Does this member see boxes to tick in the list? Asked by views that draw one row anew, too."""
    return bool(actions_of(spec, request.membership)) and bool(_reversed("bulk:choose", request.tenant.slug))


def actions_of(spec: ListSpec, membership: Membership) -> list[BatchKind]:
    return [kind for kind in actions_for(spec.key) if may(membership, kind)]


def may(membership: Membership, kind: BatchKind) -> bool:
    return membership.allows(kind.role) and not membership.tenant.suspended


def address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _reversed(name: str, *args: Any) -> str:
    """ "" for an address that does not exist."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
