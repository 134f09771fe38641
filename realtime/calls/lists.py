"""The lists of calls and of events: what their columns say, and how an address narrows them."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.lists.registry import Column, ListSpec, choices_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION
from realtime.calls.forms import CallFilter, EventFilter
from realtime.calls.models import Call
from realtime.events.models import Event
from realtime.extensions.models import Extension


def _calls(tenant: Tenant) -> QuerySet[Call]:
    rows = Call.objects.filter(tenant=tenant).select_related("from_extension", "to_extension", "connection")
    return rows.defer(*SEALED_OF_CONNECTION)


def seconds_between(begins: datetime | None, ends: datetime | None) -> int | None:
    """Whole seconds; None where one of both is not known, or clocks of the vendor's machines disagree."""
    return int((ends - begins).total_seconds()) if begins and ends and ends >= begins else None


CALLS = ListSpec(
    key="realtime.calls",
    label=pgettext_lazy("telephone", "Calls"),
    url_name="realtime:calls",
    role=Role.VIEWER,
    columns=(
        Column("began", _("Began"), lambda call: call.began_at, order=("began_at", "pk")),
        Column("direction", _("Direction"), lambda call: call.direction),
        Column("from_number", _("From"), lambda call: call.from_number),
        Column("from_name", _("From (name)"), lambda call: call.from_extension.name if call.from_extension else None),
        Column("to_number", _("To"), lambda call: call.to_number),
        Column("to_name", _("To (name)"), lambda call: call.to_extension.name if call.to_extension else None),
        Column("state", _("State"), lambda call: call.get_state_display()),
        Column("answered", _("Answered"), lambda call: call.answered_at),
        Column("ended", _("Ended"), lambda call: call.ended_at),
        Column(
            "waited", _("Waited (s)"), lambda call: seconds_between(call.began_at, call.answered_at or call.ended_at)
        ),
        Column("talked", _("Talked (s)"), lambda call: seconds_between(call.answered_at, call.ended_at)),
        Column("reason", _("Reason"), lambda call: call.reason),
        Column("recorded", _("Recorded"), lambda call: call.recorded),
        Column("transferred", _("Transferred"), lambda call: call.transferred),
        Column("connection", _("Connection"), lambda call: call.connection.name),
    ),
    rows=_calls,
    form=lambda data, tenant: CallFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows, tenant.zone),
    order=("-began_at", "-pk"),
    offers=lambda tenant: {
        "extension": choices_of(Extension.objects.filter(tenant=tenant).order_by("name", "pk"), "pk", "name")
    },
)


def _events(tenant: Tenant) -> QuerySet[Event]:
    rows = Event.objects.filter(tenant=tenant).select_related("connection")
    return rows.defer("body", *SEALED_OF_CONNECTION)


EVENTS = ListSpec(
    key="realtime.events",
    label=_("Events"),
    url_name="realtime:events",
    role=Role.OPERATOR,
    columns=(
        Column("received", _("Received"), lambda event: event.received_at, order=("received_at", "pk")),
        Column("told", _("The vendor's time"), lambda event: event.told_at),
        Column("type", _("Type"), lambda event: event.event_type),
        Column("outcome", _("Outcome"), lambda event: event.get_outcome_display()),
        Column("key", _("Event"), lambda event: event.key),
        Column("connection", _("Connection"), lambda event: event.connection.name),
    ),
    rows=_events,
    form=lambda data, tenant: EventFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("-received_at", "-pk"),
)
