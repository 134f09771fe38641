"""The lists of video: what their columns say, and how an address narrows them."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, register
from portal.tenancy.lists import people_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION
from provisioning.consequences import told_pairs
from provisioning.forms import DifferenceFilter, OrderFilter, SubscriberFilter
from provisioning.models import Drift, Order, Subscriber


def _orders(tenant: Tenant) -> QuerySet[Order]:
    rows = Order.objects.for_list().filter(tenant=tenant)
    return rows.select_related("product", "operation", "requested_by", "connection").defer(*SEALED_OF_CONNECTION)


ORDERS = ListSpec(
    key="provisioning.orders",
    label=_("Orders"),
    url_name="provisioning:orders",
    role=Role.VIEWER,
    columns=(
        Column("number", _("Order number"), lambda order: order.number, order=("number", "pk")),
        Column("state", _("State"), lambda order: order.get_status_display()),
        Column("type", _("Type"), lambda order: order.get_type_display()),
        Column("quantity", _("Quantity"), lambda order: order.quantity, order=("quantity", "pk")),
        Column("product", _("Product"), lambda order: order.product.name),
        Column("connection", _("Connection"), lambda order: order.connection.name),
        Column("ordered", _("Ordered"), lambda order: order.created_at, order=("created_at", "pk")),
        Column("by", _("Ordered by"), lambda order: order.requested_by.email if order.requested_by else None),
        Column("taken", _("Taken by the vendor"), lambda order: order.vendor_created_at),
        Column("fulfilled", _("Fulfilled"), lambda order: order.fulfilled_at),
    ),
    rows=_orders,
    form=lambda data, tenant: OrderFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows, tenant.zone),
    offers=lambda tenant: {"who": people_of(tenant)},
)


def _subscribers(tenant: Tenant) -> QuerySet[Subscriber]:
    rows = Subscriber.objects.for_list().filter(tenant=tenant)
    return rows.select_related("product", "requested_by", "connection").defer("password", *SEALED_OF_CONNECTION)


SUBSCRIBERS = ListSpec(
    key="provisioning.subscribers",
    label=_("Subscribers"),
    url_name="provisioning:subscribers",
    role=Role.VIEWER,
    columns=(
        Column("username", _("Username"), lambda row: row.username, order=("username", "pk")),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("identity", _("Identity"), lambda row: row.identity),
        Column("vendor_id", _("Subscriber ID"), lambda row: row.vendor_id),
        Column("product", _("Product"), lambda row: row.product.name),
        Column("connection", _("Connection"), lambda row: row.connection.name),
        Column("ends", _("Ends"), lambda row: row.ends_at),
        Column("created", _("Asked for"), lambda row: row.created_at, order=("created_at", "pk")),
        Column("by", _("Asked by"), lambda row: row.requested_by.email if row.requested_by else None),
        Column("made", _("Created at the vendor"), lambda row: row.vendor_created_at),
        Column("deleted", _("Deleted"), lambda row: row.deleted_at),
    ),
    rows=_subscribers,
    form=lambda data, tenant: SubscriberFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
)


def _differences(tenant: Tenant) -> QuerySet[Drift]:
    rows = Drift.objects.for_list().filter(tenant=tenant)
    return rows.select_related("product", "decided_by", "connection").defer(*SEALED_OF_CONNECTION)


DIFFERENCES = ListSpec(
    key="provisioning.differences",
    label=_("Differences"),
    url_name="provisioning:differences",
    role=Role.VIEWER,
    columns=(
        Column("kind", _("Difference"), lambda row: row.get_kind_display()),
        Column("key", _("Of what"), lambda row: row.key),
        Column("ours", _("The portal believes"), lambda row: told_pairs(row)[0][1]),
        Column("theirs", _("The vendor says"), lambda row: told_pairs(row)[0][2]),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("connection", _("Connection"), lambda row: row.connection.name),
        Column("first", _("First seen"), lambda row: row.first_seen_at, order=("first_seen_at", "pk")),
        Column("last", _("Last seen"), lambda row: row.last_seen_at, order=("last_seen_at", "pk")),
        Column("decided_by", _("Decided by"), lambda row: row.decided_by.email if row.decided_by else None),
        Column("decided", _("Decided"), lambda row: row.decided_at),
        Column("reason", _("Reason"), lambda row: row.reason),
    ),
    rows=_differences,
    form=lambda data, tenant: DifferenceFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("-first_seen_at", "-pk"),
)


def register_lists() -> None:
    for spec in (ORDERS, SUBSCRIBERS, DIFFERENCES):
        register(spec)
