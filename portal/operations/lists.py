"""The list of what was asked of vendors."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, choices_of
from portal.operations.forms import OperationFilter
from portal.operations.models import Operation
from portal.tenancy.lists import people_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.vendors.models import Connection


def _rows(tenant: Tenant) -> QuerySet[Operation]:
    return Operation.objects.for_list().filter(tenant=tenant)


def _offers(tenant: Tenant) -> dict[str, QuerySet[Any]]:
    return {
        "connection": choices_of(Connection.objects.filter(tenant=tenant).order_by("name"), "pk", "name"),
        "person": people_of(tenant),
    }


OPERATIONS = ListSpec(
    key="operations.operations",
    label=_("Activity"),
    url_name="operations:operations",
    role=Role.VIEWER,
    columns=(
        Column("what", _("What"), lambda row: row.label, order=("label", "pk")),
        Column("kind", _("Kind"), lambda row: row.kind_label),
        Column("status", _("Status"), lambda row: row.get_status_display()),
        Column("trouble", _("Trouble"), lambda row: row.get_trouble_display() if row.trouble else None),
        Column("message", _("Message"), lambda row: row.said),
        Column("connection", _("Connection"), lambda row: row.connection.name),
        Column("by", _("Asked by"), lambda row: row.created_by.email if row.created_by else "Patchbay"),
        Column("asked", _("Asked"), lambda row: row.created_at, order=("created_at", "pk")),
        Column("ended", _("Ended"), lambda row: row.ended_at),
        Column("attempts", _("Attempts"), lambda row: row.attempt_count),
    ),
    rows=_rows,
    form=lambda data, tenant: OperationFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    offers=_offers,
)
