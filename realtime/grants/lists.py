"""The list of permissions that people gave."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION
from realtime.grants.forms import GrantFilter
from realtime.grants.models import Grant

SEALED = ("access_token", "refresh_token", *SEALED_OF_CONNECTION)


def _grants(tenant: Tenant) -> QuerySet[Grant]:
    rows = Grant.objects.filter(tenant=tenant).select_related("connection", "user", "granted_by")
    return rows.defer(*SEALED)


GRANTS = ListSpec(
    key="realtime.grants",
    label=_("Permissions"),
    url_name="realtime:grants",
    role=Role.ADMIN,
    columns=(
        Column("who", _("For"), lambda row: row.user.email if row.user else _("the company")),
        Column("connection", _("Connection"), lambda row: row.connection.name),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("scopes", _("Scopes"), lambda row: " ".join(row.scopes)),
        Column("granted", _("Granted"), lambda row: row.granted_at, order=("granted_at", "pk")),
        Column("by", _("Granted by"), lambda row: row.granted_by.email),
        Column("ends", _("Ends unless renewed"), lambda row: row.refresh_expires_at),
        Column("lost", _("Lost"), lambda row: row.lost_at),
    ),
    rows=_grants,
    form=lambda data, tenant: GrantFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("-granted_at", "-pk"),
)
