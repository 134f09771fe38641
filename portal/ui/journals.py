"""Django admin for what is only read there: journals, mirrors, logs; however many rows they have."""

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest

from portal.search.staff import FoundByWords

# Nobody pages further; counting all rows of a journal would cost a scan of it on every page.
COUNTED = 1_000


class CappedPaginator(Paginator):
    """Counts no further than COUNTED rows; what lies beyond is found by searching."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:COUNTED].count()  # type: ignore[attr-defined]


class ReadOnly:
    """A mixin for admins and inlines: to be looked at."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class JournalAdmin(ReadOnly, FoundByWords):
    """Rows that verbs alone write. Newest first by key, which every journal has an index for.

    A filter needs an index too where it may fit few of many rows: looking for the fiftieth would read them all.
    """

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    ordering = ["-pk"]


class JournalInline(ReadOnly, admin.TabularInline):
    extra = 0
    can_delete = False
