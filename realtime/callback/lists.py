"""The list of visitors who wanted to be called."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, choices_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from realtime.callback.forms import RequestFilter
from realtime.callback.models import CallbackForm, CallbackRequest


def _requests(tenant: Tenant) -> QuerySet[CallbackRequest]:
    return CallbackRequest.objects.filter(tenant=tenant).select_related("form")


CALLBACK_REQUESTS = ListSpec(
    key="realtime.callback_requests",
    label=_("Call-me-back requests"),
    url_name="realtime:callback_requests",
    role=Role.VIEWER,
    columns=(
        Column("created", _("Asked"), lambda row: row.created_at, order=("created_at", "pk")),
        Column("number", _("Number"), lambda row: row.number),
        Column("name", _("Name"), lambda row: row.name),
        Column("form", _("Form"), lambda row: row.form.name),
        Column("origin", _("Site"), lambda row: row.origin),
        Column("state", _("Outcome"), lambda row: row.get_state_display()),
        Column("why", _("Reason"), lambda row: str(row.told_why)),
    ),
    rows=_requests,
    form=lambda data, tenant: RequestFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    offers=lambda tenant: {
        "form": choices_of(CallbackForm.objects.filter(tenant=tenant).order_by("name"), "pk", "name")
    },
)
