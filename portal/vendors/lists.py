"""The lists of connections and of the calls made over them."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, choices_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.ui.statuses import look_of
from portal.vendors.forms import CallFilter, ConnectionFilter
from portal.vendors.models import SEALED_OF_CONNECTION, Call, Connection


def _connections(tenant: Tenant) -> QuerySet[Connection]:
    return Connection.objects.with_health().filter(tenant=tenant)


def _trouble(connection: Connection) -> Any:
    return connection.health.get_trouble_display() if connection.health.trouble else None


CONNECTIONS = ListSpec(
    key="vendors.connections",
    label=_("Connections"),
    url_name="vendors:connections",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Connection"), lambda row: row.name, order=("name", "pk")),
        Column("vendor", _("Vendor"), lambda row: row.spec.label),
        Column("environment", _("Environment"), lambda row: row.get_environment_display()),
        Column("health", _("Health"), lambda row: look_of(row.condition).label),
        Column("trouble", _("Trouble"), _trouble),
        Column("base_url", _("Base URL"), lambda row: row.base_url),
        Column("quota_used", _("Calls used"), lambda row: row.health.quota_used),
        Column("quota", _("Quota"), lambda row: row.health.quota_limit),
        Column("succeeded", _("Last success"), lambda row: row.health.succeeded_at),
        Column("created", _("Added"), lambda row: row.created_at),
    ),
    rows=_connections,
    form=lambda data, tenant: ConnectionFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("name", "pk"),
)


def _calls(tenant: Tenant) -> QuerySet[Call]:
    """Without the exchange itself, which is long and shown on the call's own page."""
    rows = Call.objects.filter(tenant=tenant).select_related("connection")
    return rows.defer("request", "response", *SEALED_OF_CONNECTION)


CALLS = ListSpec(
    key="vendors.calls",
    label=_("Vendor calls"),
    url_name="vendors:calls",
    role=Role.OPERATOR,
    columns=(
        Column("started", _("When"), lambda call: call.started_at, order=("started_at", "pk")),
        Column("connection", _("Connection"), lambda call: call.connection.name),
        Column("method", _("Method"), lambda call: call.method),
        Column("path", _("Path"), lambda call: call.path),
        Column("status", _("Status"), lambda call: call.status),
        Column("duration", _("Took (ms)"), lambda call: call.duration_ms, order=("duration_ms", "pk")),
        Column("error", _("Error"), lambda call: call.error),
        Column("vendor_request_id", _("Vendor's request id"), lambda call: call.vendor_request_id),
        Column("operation", _("Operation"), lambda call: call.operation_id),
        Column("attempt", _("Attempt"), lambda call: call.attempt_number),
    ),
    rows=_calls,
    form=lambda data, tenant: CallFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("-started_at", "-pk"),
    offers=lambda tenant: {
        "connection": choices_of(Connection.objects.filter(tenant=tenant).order_by("name"), "pk", "name")
    },
)
