"""The list of call scripts."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.ui.statuses import look_of
from telephony.scripts.forms import ScriptFilter
from telephony.scripts.models import CallScript


def _scripts(tenant: Tenant) -> QuerySet[CallScript]:
    return CallScript.objects.living().for_list().filter(tenant=tenant)


SCRIPTS = ListSpec(
    key="telephony.scripts",
    label=_("Call scripts"),
    url_name="telephony:scripts",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Name"), lambda row: row.name, order=("name", "pk")),
        Column("state", _("State"), lambda row: look_of(row.condition).label),
        Column("published", _("Published version"), lambda row: row.published.number if row.published else None),
        Column("latest", _("Latest version"), lambda row: row.latest),
        Column("at", _("Published at"), lambda row: row.published_at),
        Column("by", _("Published by"), lambda row: row.published_by.email if row.published_by else None),
    ),
    rows=_scripts,
    form=lambda data, tenant: ScriptFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("name", "pk"),
)
