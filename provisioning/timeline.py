"""What video adds to timelines: the vendor's own times of an order or a subscriber, the ledger, differences, readings."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.audit import timeline
from portal.audit.timeline import Happening, Source, Wanted, ref_of
from portal.operations.models import Operation
from portal.operations.timeline import named, promised, root_of
from portal.tenancy.roles import Role
from portal.ui.formats import value_text
from portal.vendors.models import Connection
from provisioning.models import Drift, InventoryChange, MirrorState, Order, Product, Subscriber
from provisioning.stories import PORTAL, VENDOR

# An adoption and what it enters into the ledger are one transaction, a few statements apart.
ADOPTION = timedelta(seconds=5)
Cause = InventoryChange.Cause
ORDER, SUBSCRIBER, DIFFERENCE = (model._meta.label_lower for model in (Order, Subscriber, Drift))


def _time(row: dict[str, Any], name: str) -> datetime:
    at = parse_datetime(row[name])
    assert at is not None, "PostgreSQL writes times that can be read"
    return at


# --- Orders -------------------------------------------------------------------------------------------------------


def _orders(wanted: Wanted) -> QuerySet[Order] | None:
    if wanted.is_about(Order):
        return Order.objects.filter(pk=wanted.object_id)
    return Order.objects.filter(operation__in=promised(wanted)) if wanted.request_id else None


def _tell_order(row: dict[str, Any]) -> Iterator[Happening]:
    known: dict[str, Any] = {
        "request_id": row["request_id"] or "",
        "root": root_of(row["operation"]),
        "ref": ref_of(ORDER, row["pk"]),
    }
    if row["vendor_created_at"]:
        number = ((_("Order number"), row["number"]),) if row["number"] else ()
        at = _time(row, "vendor_created_at")
        yield Happening(at, _("Taken by the vendor"), VENDOR, vendors_clock=True, facts=number, **known)
    if row["fulfilled_at"]:
        yield Happening(_time(row, "fulfilled_at"), _("Fulfilled by the vendor"), VENDOR, vendors_clock=True, **known)
    if row["seen_fulfilled_at"]:
        yield Happening(_time(row, "seen_fulfilled_at"), _("Seen fulfilled"), PORTAL, **known)


# --- Subscribers --------------------------------------------------------------------------------------------------


def _subscribers(wanted: Wanted) -> QuerySet[Subscriber] | None:
    made = Subscriber.objects.filter(vendor_created_at__isnull=False)
    if wanted.is_about(Subscriber):
        return made.filter(pk=wanted.object_id)
    if wanted.request_id:
        return made.filter(pk__in=promised(wanted).filter(subject_type=SUBSCRIBER).values("subject_id"))
    return None


def _tell_subscriber(row: dict[str, Any]) -> Iterator[Happening]:
    creation = row["creation"] or {}
    yield Happening(
        _time(row, "at"),
        _("Created by the vendor"),
        VENDOR,
        vendors_clock=True,
        request_id=creation.get("request_id", ""),
        root=root_of(creation.get("pk")),
        ref=ref_of(SUBSCRIBER, row["pk"]),
    )


def _creation() -> Subquery:
    """The operation that made a subscriber is the first about it."""
    about = Operation.objects.filter(subject_type=SUBSCRIBER, subject_id=OuterRef("pk"))
    return Subquery(about.order_by("pk").values(json=JSONObject(pk="pk", request_id="request_id"))[:1])


# --- The ledger ---------------------------------------------------------------------------------------------------


def _changes(wanted: Wanted) -> QuerySet[InventoryChange] | None:
    changes = InventoryChange.objects.all()
    if wanted.is_about(Order):
        return changes.filter(order=wanted.object_id)
    if wanted.is_about(Product):
        return changes.filter(product=wanted.object_id)
    if wanted.is_about(Drift):
        this = Drift.objects.filter(pk=wanted.object_id)
        own = changes.filter(product__in=this.values("product"), order__operation=None).exclude(cause=Cause.OPENING)
        return own.filter(Exists(_adopted(this)))
    return changes.filter(order__operation__in=promised(wanted)) if wanted.request_id else None


def _adopted(differences: QuerySet[Drift]) -> QuerySet[Drift]:
    """Which of `differences` a change of the ledger adopted: the one of that order, or that was decided just then."""
    just_then = Q(decided_at__gte=OuterRef("recorded_at"), decided_at__lte=OuterRef("recorded_at") + ADOPTION)
    return differences.filter(
        Q(just_then, kind=Drift.Kind.TOTAL) | Q(kind=Drift.Kind.UNKNOWN_ORDER, key=OuterRef("order__number")),
        product=OuterRef("product"),
        state=Drift.State.ADOPTED,
    )


def _tell_change(row: dict[str, Any]) -> Iterator[Happening]:
    cause = Cause(row["cause"])
    adopted = row["difference"] and not row["operation"] and cause != Cause.OPENING
    difference = ref_of(DIFFERENCE, row["difference"]) if adopted else ""
    order = ref_of(ORDER, row["order"]) if row["order"] else ""
    yield Happening(
        at=_time(row, "recorded_at"),
        text=_change_text(cause, row["quantity"], row["level"]),
        who=PORTAL,
        request_id=row["request_id"] or "",
        root=root_of(row["operation"]) or difference,
        ref=order or difference,
        label=_("Order %(number)s") % {"number": row["number"]} if order else _("Difference") if difference else "",
    )


def _change_text(cause: InventoryChange.Cause, quantity: int, level: int) -> str:
    if cause == Cause.OPENING:
        return _("The ledger begins with %(level)s") % {"level": level}
    return _("Entered into the ledger: %(change)s, which makes %(level)s") % {
        "change": f"{quantity:+d}",
        "level": level,
    }


# --- Differences --------------------------------------------------------------------------------------------------


def _differences(wanted: Wanted) -> QuerySet[Drift] | None:
    if wanted.is_about(Drift):
        return Drift.objects.filter(pk=wanted.object_id)
    if wanted.is_about(Product):
        return Drift.objects.filter(product=wanted.object_id)
    return Drift.objects.filter(connection=wanted.object_id) if wanted.is_about(Connection) else None


def _tell_difference(row: dict[str, Any]) -> Iterator[Happening]:
    ref, label = ref_of(DIFFERENCE, row["pk"]), Drift.Kind(row["kind"]).label
    known: dict[str, Any] = {"root": ref, "ref": ref, "label": f"{label} {row['key']}".strip()}
    sides = ((_("The portal believes"), value_text(row["ours"])), (_("The vendor says"), value_text(row["theirs"])))
    found, state = _time(row, "first_seen_at"), Drift.State(row["state"])
    act = "provisioning.difference_found"
    yield Happening(found, _("Difference found"), PORTAL, begins=True, tone=state, facts=sides, act=act, **known)
    if row["last_seen_at"] != row["first_seen_at"]:
        yield Happening(_time(row, "last_seen_at"), _("Still there when the vendor was read"), PORTAL, **known)
    if row["decided_at"]:
        who, act = row["decided_by"] or PORTAL, f"provisioning.difference_{state.value}"
        yield Happening(_time(row, "decided_at"), _DECIDED[state](), who, said=row["reason"], act=act, **known)


_DECIDED: dict[Drift.State, Callable[[], str]] = {
    Drift.State.ADOPTED: lambda: _("Adopted what the vendor says"),
    Drift.State.REPAIRED: lambda: _("Marked as repaired"),
    Drift.State.GONE: lambda: _("Went away by itself"),
    Drift.State.OPEN: lambda: "",
}


# --- Readings -----------------------------------------------------------------------------------------------------


def _readings(wanted: Wanted) -> QuerySet[MirrorState] | None:
    if not wanted.is_about(Connection):
        return None
    return MirrorState.objects.filter(connection=wanted.object_id, read_at__isnull=False)


def _tell_reading(row: dict[str, Any]) -> Iterator[Happening]:
    yield Happening(_time(row, "read_at"), _("Orders and inventory were last read"), PORTAL)
    if row["error_at"]:
        error_at = _time(row, "error_at")
        yield Happening(error_at, _("Reading did not succeed"), PORTAL, tone="warning", said=row["error"])


# --- All of them --------------------------------------------------------------------------------------------------


def _columns(*names: str, **more: Any) -> dict[str, Any]:
    return {name: name for name in names} | more


_PROMISE = {"request_id": F("operation__request_id"), "operation": F("operation_id")}
_ORDER = _columns("pk", "number", "vendor_created_at", "fulfilled_at", "seen_fulfilled_at", **_PROMISE)
_CHANGE = _columns(
    "quantity",
    "level",
    "cause",
    "recorded_at",
    order=F("order_id"),
    number=F("order__number"),
    operation=F("order__operation_id"),
    request_id=F("order__operation__request_id"),
    difference=Subquery(_adopted(Drift.objects.all()).values("pk")[:1]),
)
_DIFFERENCE = _columns(
    "pk",
    "kind",
    "key",
    "ours",
    "theirs",
    "state",
    "first_seen_at",
    "last_seen_at",
    "decided_at",
    "reason",
    decided_by=named("decided_by"),
)
SOURCES = (
    Source("video.orders", _orders, "created_at", _ORDER, _tell_order),
    Source(
        "video.subscribers",
        _subscribers,
        "vendor_created_at",
        _columns("pk", at="vendor_created_at", creation=_creation()),
        _tell_subscriber,
    ),
    Source("video.ledger", _changes, "recorded_at", _CHANGE, _tell_change),
    Source("video.differences", _differences, "first_seen_at", _DIFFERENCE, _tell_difference),
    Source("video.readings", _readings, "read_at", _columns("read_at", "error", "error_at"), _tell_reading),
)


def register() -> None:
    timeline.register(*SOURCES)
    timeline.register_page(Order, "provisioning:order", one_story=True)
    timeline.register_page(Subscriber, "provisioning:subscriber")
    timeline.register_page(Product, "provisioning:product", Role.ADMIN)
    timeline.register_page(Drift, "provisioning:difference")
