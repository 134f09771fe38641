"""The log of outgoing webhooks."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, choices_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from realtime.hooks.forms import DeliveryFilter
from realtime.hooks.models import Delivery, Endpoint


def _deliveries(tenant: Tenant) -> QuerySet[Delivery]:
    return Delivery.objects.filter(tenant=tenant).select_related("endpoint").defer("body")


DELIVERIES = ListSpec(
    key="realtime.deliveries",
    label=_("Sent to webhooks"),
    url_name="realtime:deliveries",
    role=Role.ADMIN,
    columns=(
        Column("created", _("Time"), lambda row: row.created_at, order=("created_at", "pk")),
        Column("endpoint", _("Webhook"), lambda row: row.endpoint.name),
        Column("event", _("Event"), lambda row: row.event),
        Column("message", _("Message"), lambda row: row.message_id),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("tries", _("Tries"), lambda row: row.tries),
        Column("status", _("Last answer"), lambda row: row.status),
        Column("error", _("Last error"), lambda row: row.error),
    ),
    rows=_deliveries,
    form=lambda data, tenant: DeliveryFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    offers=lambda tenant: {
        "endpoint": choices_of(Endpoint.objects.filter(tenant=tenant).order_by("name"), "pk", "name")
    },
)
