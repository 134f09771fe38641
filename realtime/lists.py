"""The lists of live calls: what their columns say, and how an address narrows them."""

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, register
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION
from realtime.extensions.forms import DirectoryFilter
from realtime.extensions.models import CallerId, Extension


def with_shown_number(rows: QuerySet[Extension]) -> QuerySet[Extension]:
    """Each with `shown_number`: that of the caller ID which is set, None where none is known."""
    of_row = CallerId.objects.filter(extension=OuterRef("pk"), vendor_id=OuterRef("caller_id"))
    return rows.annotate(shown_number=Subquery(of_row.values("number")[:1]))


def _extensions(tenant: Tenant) -> QuerySet[Extension]:
    rows = with_shown_number(Extension.objects.filter(tenant=tenant))
    return rows.select_related("member", "connection").defer(*SEALED_OF_CONNECTION)


DIRECTORY = ListSpec(
    key="realtime.extensions",
    label=_("Directory"),
    url_name="realtime:directory",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Name"), lambda row: row.name, order=("name", "pk")),
        Column("number", _("Number"), lambda row: row.number),
        Column("external_number", _("External number"), lambda row: row.external_number),
        Column("kind", _("Kind"), lambda row: row.get_kind_display()),
        Column("caller_id", _("Caller ID"), lambda row: row.shown_number),
        Column("caller_ids_read", _("Caller IDs read"), lambda row: row.caller_ids_read_at),
        Column("member", _("Person of the portal"), lambda row: row.member.email if row.member else None),
        Column("first_seen", _("First seen"), lambda row: row.first_seen_at),
        Column("changed", _("Changed"), lambda row: row.changed_at),
        Column("gone", _("Gone"), lambda row: row.gone_at),
        Column("vendor_id", _("Vendor's ID"), lambda row: row.vendor_id),
        Column("connection", _("Connection"), lambda row: row.connection.name),
    ),
    rows=_extensions,
    form=lambda data, tenant: DirectoryFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("name", "pk"),
)


def register_lists() -> None:
    register(DIRECTORY)
