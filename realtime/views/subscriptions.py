"""What the vendor was asked to tell: the subscriptions that are kept, what comes next, and those that are not ours."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.operations.promises import AlreadySubmitted
from portal.operations.refusals import NotPromised
from portal.tenancy.door import tenant_view
from portal.tenancy.roles import Role
from portal.ui.forms import ConfirmForm
from portal.vendors.desks import page, slug_of
from portal.vendors.models import Connection
from realtime.subscriptions.keeping import active_grants, telephones
from realtime.subscriptions.models import Subscription
from realtime.subscriptions.needs import Need, lacking, needs
from realtime.subscriptions.operations import cancel_subscription
from realtime.views.desk import desk_of, no_connection

MOST_SHOWN = 100
MOST_ENDED = 20
ENDED = [Subscription.State.GONE, Subscription.State.FAILED]


@dataclass(frozen=True)
class Kept:
    """One of ours as a row of the page. `next` says in words what happens with it by itself, "" where nothing does."""

    row: Subscription
    next: str


@tenant_view(Role.ADMIN)
@require_safe
def subscriptions(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    grants = list(active_grants(desk.connection))
    found = _rows(desk.connection)
    rows = [row for row in found if row.state not in ENDED]
    company = next((grant for grant in grants if not grant.personal), None)
    needed = needs(desk.account, grants, telephones(grants))
    return page(
        request,
        "realtime/subscriptions.html",
        desk,
        kept=[Kept(row, _next(row, rows, needed)) for row in rows if not row.stray],
        strays=[row for row in rows if row.stray],
        ended=[row for row in found if row.state in ENDED],
        lacking=lacking(desk.account, company) if company else [],
        connected=bool(grants),
        confirm=ConfirmForm(),
    )


@tenant_view(Role.ADMIN)
@require_POST
def subscription_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """A stray one; those that the portal keeps would only be made anew."""
    found, form = get_object_or_404(Subscription.objects.select_related("grant"), pk=pk), ConfirmForm(request.POST)
    if not found.stray:
        messages.error(request, _("The portal needs this subscription; change what the connection is for instead."))
    elif form.is_valid():
        _cancel(request, found, form)
    return redirect(reverse("realtime:subscriptions", args=[slug_of(request)]) + f"?connection={found.connection_id}")


def _next(row: Subscription, rows: list[Subscription], needed: list[Need]) -> str:
    if row.state == Subscription.State.ASKED:
        return _("The vendor is being asked.")
    if row.state != Subscription.State.ACTIVE:
        return ""
    if any(each.replaces_id == row.pk for each in rows):
        return _("Another one takes its place; it is cancelled once that one is told of a call.")
    need = next((each for each in needed if row.grant and each.owner == row.grant.user_id), None)
    if need is None:
        return _("Nobody needs it any more; it is cancelled after the next reading.")
    return "" if need.met_by(row) else _("It does not fit any more; another one is asked for after the next reading.")


def _cancel(request: HttpRequest, found: Subscription, form: ConfirmForm) -> None:
    try:
        cancel_subscription(found, form_key=form.form_key, acting_user=request.user)
        messages.success(request, _("The subscription is being cancelled at the vendor."))
    except AlreadySubmitted:
        messages.info(request, _("The subscription is being cancelled already."))
    except NotPromised as refusal:
        messages.error(request, str(refusal))


def _rows(connection: Connection) -> list[Subscription]:
    """All that live or may live at the vendor, and those that ended last; the newest first. One query."""
    of_connection = Subscription.objects.filter(connection=connection)
    ended = of_connection.filter(state__in=ENDED).order_by("-ended_at", "-pk").values("pk")[:MOST_ENDED]
    rows = of_connection.filter(~Q(state__in=ENDED) | Q(pk__in=ended)).select_related("grant__user")
    return list(rows.order_by("-pk").defer("grant__access_token", "grant__refresh_token")[:MOST_SHOWN])
