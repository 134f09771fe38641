"""What people are told of connections: broken, quota used up, credentials about to end, news of the vendor's API.

All of it is watched (`portal.notices.watching`): a call that fails writes the connection's state and tells nobody.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.registry import Kind, Words
from portal.notices.watching import State
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION, Connection, ConnectionState

GROUP = gettext_lazy("Connections")
Trouble = ConnectionState.Trouble
# So many days before credentials end they are worth a word, each time a new one.
DAYS_BEFORE = (1, 7, 30)
ENDED = "ended"


def broken_connections(now: datetime) -> Iterator[State]:
    """Refused credentials and answers that nobody understands at once; a vendor that is away when it stays away."""
    patience = timedelta(seconds=settings.NOTICE_PATIENCE_SECONDS)
    states = _states().filter(trouble__in=[Trouble.CREDENTIALS, Trouble.PROTOCOL, Trouble.UNREACHABLE])
    for state in states:
        passing = state.trouble == Trouble.UNREACHABLE and now - (state.trouble_since or now) < patience
        args = {"connection": state.connection.name, "trouble": state.trouble}
        yield State(state.tenant_id, state.connection_id, args, state.connection, ripe=not passing)


def used_up_quotas(now: datetime) -> Iterator[State]:
    """Not those of a minute: they fill and empty all the time, and calls wait for them by themselves."""
    patience = timedelta(seconds=settings.NOTICE_PATIENCE_SECONDS)
    full = Q(trouble=Trouble.QUOTA) | Q(quota_used__gte=F("quota_limit"))
    for state in _states().filter(full, quiet_until__gt=now):
        until = state.quiet_until or now
        lasting = until - now > patience or now - (state.trouble_since or now) > patience
        args = {"connection": state.connection.name, "until": until.isoformat(), "limit": state.quota_limit}
        yield State(state.tenant_id, state.connection_id, args, state.connection, ripe=lasting)


def ending_credentials(now: datetime) -> Iterator[State]:
    """By the tenant's calendar; credentials are good for the whole of their last day."""
    soon = now.date() + timedelta(days=max(DAYS_BEFORE) + 1)
    connections = _usable(Connection.objects.filter(credentials_end_on__lte=soon)).select_related("tenant")
    for connection in connections:
        ends_on = connection.credentials_end_on
        stage = _stage(ends_on, now, connection.tenant.zone) if ends_on else None
        if stage is not None:
            args = {"connection": connection.name, "on": str(ends_on), "stage": stage}
            yield State(connection.tenant_id, f"{connection.pk}:{ends_on}:{stage}", args, connection)


def _stage(ends_on: date, now: datetime, zone: ZoneInfo) -> str | None:
    """ "30", "7", "1" or "ended"; None while it is far away."""
    left = (ends_on - now.astimezone(zone).date()).days
    if left < 0:
        return ENDED
    return next((str(days) for days in DAYS_BEFORE if left <= days), None)


def announcements(now: datetime) -> Iterator[State]:
    """Until somebody took note of a new version; of a sunset as long as the vendor says so."""
    for state in _states().filter(~Q(sunset="") | ~Q(previous_api_version="")):
        args = {
            "connection": state.connection.name,
            "sunset": state.sunset,
            "version": state.api_version if state.version_changed else "",
            "previous": state.previous_api_version,
        }
        key = f"{state.connection_id}:{state.sunset}:{args['version']}"
        yield State(state.tenant_id, key, args, state.connection)


def _states() -> Any:
    states = ConnectionState.objects.filter(connection__enabled=True, tenant__state="active")
    return states.select_related("connection").defer("access_token", *SEALED_OF_CONNECTION)


def _usable(connections: Any) -> Any:
    return connections.usable().defer("client_id", "client_secret")


# --- Words --------------------------------------------------------------------------------------------------------


def _broken_words(args: Mapping[str, Any]) -> Words:
    name = {"connection": args["connection"]}
    match args.get("trouble"):
        case Trouble.CREDENTIALS:
            return Words(
                _("The vendor refuses the credentials of “%(connection)s”") % name,
                _(
                    "Nothing is done at the vendor until they are corrected; what was asked for waits, and goes on then."
                ),
            )
        case Trouble.PROTOCOL:
            return Words(
                _("“%(connection)s” answers in a form that is not understood") % name,
                _("What was asked for is not lost. Test the connection; if its address is right, ask the vendor."),
            )
    return Words(
        _("The vendor cannot be reached over “%(connection)s”") % name,
        _("What was asked for is not lost: it waits, and goes on by itself as soon as the vendor is back."),
    )


def _quota_words(args: Mapping[str, Any]) -> Words:
    until = parse_datetime(args["until"])
    return Words(
        _("The quota of “%(connection)s” is used up") % {"connection": args["connection"]},
        _("No call is made before %(until)s. What was asked for waits, and goes on by itself then.")
        % {"until": date_format(timezone.localtime(until), "j F Y, H:i") if until else "–"},
    )


def _credentials_words(args: Mapping[str, Any]) -> Words:
    ends_on, stage = parse_date(args["on"]), args["stage"]
    values = {"connection": args["connection"], "day": date_format(ends_on, "DATE_FORMAT") if ends_on else args["on"]}
    text = _("Ask the vendor for new ones and enter them on the connection's page, with their new end.")
    if stage == ENDED:
        return Words(_("The credentials of “%(connection)s” ended on %(day)s") % values, text)
    title = ngettext(
        "The credentials of “%(connection)s” end within a day, on %(day)s",
        "The credentials of “%(connection)s” end within %(days)s days, on %(day)s",
        int(stage),
    )
    return Words(title % {**values, "days": stage}, text)


def _announced_words(args: Mapping[str, Any]) -> Words:
    name = {"connection": args["connection"]}
    if args.get("sunset"):
        return Words(
            _("The vendor ends the API that “%(connection)s” uses") % name,
            _(
                "The vendor names as the end: %(sunset)s. Tell whoever looks after this portal, so that it is ready in time."
            )
            % {"sunset": args["sunset"]},
        )
    return Words(
        _("The vendor changed the version of the API that “%(connection)s” uses") % name,
        _("It was %(previous)s and is %(version)s now. See whether all works as it did, then take note of it.")
        % {"previous": args["previous"], "version": args["version"]},
    )


def _page(notice: Notice, slug: str) -> str:
    return reverse("vendors:connection", args=[slug, notice.subject_id])


def _edit_page(notice: Notice, slug: str) -> str:
    return reverse("vendors:connection_edit", args=[slug, notice.subject_id])


BROKEN = Kind(
    "vendors.connection_broken",
    gettext_lazy("A connection is broken"),
    GROUP,
    _broken_words,
    _page,
    gettext_lazy("See the connection"),
    icon="plug-connected-x",
    tone="danger",
    needs_you=True,
    calm=timedelta(hours=1),
)
QUOTA = Kind(
    "vendors.quota_used_up",
    gettext_lazy("A quota is used up"),
    GROUP,
    _quota_words,
    _page,
    gettext_lazy("See the connection"),
    icon="hourglass",
    tone="warning",
    needs_you=True,
    calm=timedelta(hours=1),
)
CREDENTIALS = Kind(
    "vendors.credentials_end",
    gettext_lazy("A connection's credentials are about to end"),
    GROUP,
    _credentials_words,
    _edit_page,
    gettext_lazy("Enter new credentials"),
    doors=(Role.ADMIN,),
    icon="key",
    tone="warning",
    needs_you=True,
)
ANNOUNCED = Kind(
    "vendors.announced",
    gettext_lazy("A vendor ends an API, or changed its version"),
    GROUP,
    _announced_words,
    _page,
    gettext_lazy("See the connection"),
    doors=(Role.ADMIN,),
    icon="calendar",
    tone="warning",
    needs_you=True,
)
KINDS = [BROKEN, QUOTA, CREDENTIALS, ANNOUNCED]
WATCHES = [
    (BROKEN, broken_connections),
    (QUOTA, used_up_quotas),
    (CREDENTIALS, ending_credentials),
    (ANNOUNCED, announcements),
]
