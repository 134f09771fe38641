"""Search of the admin's lists, over all tenants, by what has an index.

What Django's own search does, `LIKE '%text%'` over columns and joined tables, reads every row behind the wall.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.search.finding import LONGEST_TEXT, anywhere
from portal.tenancy.models import Tenant


class FoundByWords(admin.ModelAdmin):
    """The admin of rows that have a tenant.

    `found_by` says which of its fields hold ids of a kind of the search ({"operation_id": "operations.operation"}; "pk" for
    its own), `found_exactly` which are looked up by their whole value: each of these needs an index of its own. When the
    text begins with a tenant's address ("acme anna"), only that tenant's rows are searched. Where there are never many rows,
    `search_fields` bring back Django's own search.
    """

    found_by: ClassVar[Mapping[str, str]] = {}
    found_exactly: ClassVar[Sequence[str]] = ()
    search_help_text = _("Beginnings of words. A company's address before them, or alone, narrows to that company.")

    @property
    def _by_words(self) -> bool:
        names = {field.name for field in self.model._meta.concrete_fields}
        return "tenant" in names and not self.search_fields

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Not empty: Django shows the field for it."""
        own = super().get_search_fields(request)
        return ["tenant", *self.found_by, *self.found_exactly] if self._by_words else own

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not self._by_words:
            return super().get_search_results(request, queryset, search_term)
        text = " ".join(search_term.replace("\0", " ").split())[:LONGEST_TEXT]
        if not text:
            return queryset, False
        tenant_id, rest = _tenant_first(text)
        if tenant_id:
            queryset = queryset.filter(tenant_id=tenant_id)
        return (queryset.filter(self._fitting(rest, tenant_id)) if rest else queryset), False

    def _fitting(self, text: str, tenant_id: int | None) -> Q:
        fitting = Q(pk__in=[])
        for name, kind in self.found_by.items():
            fitting |= Q(**{f"{name}__in": anywhere(kind, text, tenant_id=tenant_id)})
        for name in self.found_exactly:
            fitting |= Q(**{name: text})
        return fitting


def _tenant_first(text: str) -> tuple[int | None, str]:
    """(the tenant whose address the first word is, the other words), or (None, all of them)."""
    first, _, rest = text.partition(" ")
    tenant_id = Tenant.objects.filter(slug=first.lower()).values_list("pk", flat=True).first()
    return (tenant_id, rest) if tenant_id else (None, text)
