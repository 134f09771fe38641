"""How the connections are doing on a tenant's first page: what is wrong with them, and the steps to the first one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Exists, Expression, OuterRef, Q, Subquery, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.tenancy.roles import Role
from portal.ui.first_steps import Step
from portal.ui.formats import duration
from portal.ui.home import Matter
from portal.vendors.mirrors import stale_seconds
from portal.vendors.models import Connection, ConnectionState
from portal.vendors.notices import DAYS_BEFORE

SHOWN = 6
_along: dict[str, Callable[[], Expression]] = {}


def register_along(name: str, annotation: Callable[[], Expression]) -> None:
    """Have an annotation of connections read with those of the first page, for whoever has no query to spare there."""
    _along[name] = annotation


def with_the_first(vendor: str, told: Any) -> Case:
    """`told` of all the tenant's connections to a vendor, with its first connection by name, of whichever vendor: that one is
    always among those that the page reads. Nothing for a tenant without any to this vendor.
    """
    own = Connection.objects.filter(tenant=OuterRef("tenant"))
    first = Q(pk=Subquery(own.order_by("name", "pk").values("pk")[:1]))
    return Case(When(first & Exists(own.filter(vendor=vendor)), then=told))


def told_along(request: HttpRequest, name: str) -> Mapping[str, Any] | None:
    """What the annotation registered as `name` tells with the first connection that has it."""
    told = (getattr(connection, name, None) for connection in home_connections(request))
    return next(filter(None, told), None)


def connections_card(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    """The first connections by name; stays away while there is none."""
    connections = home_connections(request)[:SHOWN]
    return ("vendors/_home_card.html", {"connections": connections}) if connections else None


def matters(request: HttpRequest) -> Iterator[Matter]:
    """What is wrong with connections, and what their vendors announced."""
    for connection in home_connections(request):
        url = reverse("vendors:connection", args=[connection.tenant.slug, connection.pk])
        yield from filter(None, [_trouble(connection, url), _credentials(connection), *_announced(connection, url)])


def steps(request: HttpRequest) -> list[Step]:
    """A connection, and the proof that it works."""
    slug, connections = request.tenant.slug, home_connections(request)  # type: ignore[attr-defined]
    first = reverse("vendors:connection", args=[slug, connections[0].pk]) if connections else ""
    return [
        Step(
            _("Connect a vendor"),
            _("Enter the address and the credentials that the vendor gave you. They are stored encrypted."),
            done=bool(connections),
            act=_("Add a connection"),
            url=reverse("vendors:connection_new", args=[slug]),
            role=Role.ADMIN,
        ),
        Step(
            _("Test the connection"),
            _("One harmless read shows whether address and credentials are right."),
            done=any(connection.health.succeeded_at for connection in connections),
            act=_("Go to the test"),
            url=first,
            role=Role.ADMIN,
        ),
    ]


def home_connections(request: HttpRequest) -> list[Connection]:
    """The first ones by name, and of those that want a look. Read once for all of the page."""
    if not hasattr(request, "home_connections"):
        tenant = request.tenant  # type: ignore[attr-defined]
        rows = Connection.objects.for_home(SHOWN).annotate(**{name: made() for name, made in _along.items()})
        request.home_connections = list(rows)  # type: ignore[attr-defined]
        for connection in request.home_connections:  # type: ignore[attr-defined]
            connection.tenant = tenant
    return request.home_connections  # type: ignore[attr-defined]


def differing(counts: Mapping[int, int], url_of: Callable[[int], str]) -> Matter | None:
    """Of how many differences are open in each connection, by its key; `url_of` one of them leads there."""
    count = sum(counts.values())
    if not count:
        return None
    text = ngettext(
        "%(n)d difference between the portal and the vendor is open.",
        "%(n)d differences between the portal and the vendor are open.",
        count,
    )
    url = url_of(next(pk for pk, number in counts.items() if number))
    return Matter("warning", text % {"n": count}, url, _("Compare"), Role.OPERATOR)


def stale(mirrors: Sequence[tuple[int, str, datetime | None]], url_of: Callable[[int], str]) -> Matter | None:
    """Of key, name and last reading of connections, which are those that were not read for long."""
    oldest = timezone.now() - timedelta(seconds=stale_seconds())
    found = [(pk, name, read_at) for pk, name, read_at in mirrors if read_at and read_at < oldest]
    if not found:
        return None
    pk, name, read_at = found[0]
    if len(found) > 1:
        text = _("%(n)d connections have not been read for long; what is shown of them may be out of date.")
        return Matter("warning", text % {"n": len(found)}, url_of(pk))
    text = _("%(connection)s was last read %(time)s ago; what is shown may be out of date.")
    return Matter("warning", text % {"connection": name, "time": duration(timezone.now() - read_at)}, url_of(pk))


def _trouble(connection: Connection, url: str) -> Matter | None:
    names = {"connection": connection.name}
    if not connection.enabled:
        text = _("%(connection)s is switched off: nothing is sent or read.") % names
        return Matter("warning", text, url, _("Switch it on"), Role.ADMIN)
    health = connection.health
    if health.quota_used_up:
        return Matter("warning", _("%(connection)s: the quota is used up; calls go on by themselves.") % names, url)
    if not health.trouble or health.trouble == ConnectionState.Trouble.QUOTA:
        return None
    text = _("%(connection)s: %(trouble)s.") % {**names, "trouble": health.get_trouble_display()}
    return Matter("danger", text, url, _("See to it"), Role.ADMIN)


def _credentials(connection: Connection) -> Matter | None:
    ends = connection.credentials_end_on
    today = timezone.now().astimezone(connection.tenant.zone).date()
    if ends is None or ends - today > timedelta(days=max(DAYS_BEFORE)):
        return None
    names = {"connection": connection.name, "date": date_format(ends, "j M Y")}
    url = reverse("vendors:connection_edit", args=[connection.tenant.slug, connection.pk])
    if ends < today:
        text = _("The credentials of %(connection)s ended on %(date)s.") % names
    else:
        text = _("The credentials of %(connection)s end on %(date)s.") % names
    return Matter("warning", text, url, _("Enter new ones"), Role.ADMIN)


def _announced(connection: Connection, url: str) -> Iterator[Matter]:
    health = connection.health
    if health.sunset:
        values = {"connection": connection.name, "end": health.sunset}
        text = _("%(connection)s: the vendor will switch this API off (%(end)s).") % values
        yield Matter("warning", text, url, _("Read on"), Role.ADMIN)
    if health.version_changed:
        values = {"connection": connection.name, "before": health.previous_api_version, "now": health.api_version}
        text = _("%(connection)s: the API's version was %(before)s and is %(now)s.") % values
        yield Matter("info", text, url, _("Take note"), Role.ADMIN)
