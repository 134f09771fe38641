"""The live board, and what is asked for on it. Nothing here calls the vendor: what is asked for is promised."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.operations.promises import AlreadySubmitted
from portal.operations.refusals import NotPromised
from portal.operations.words import sent_before_words
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.formats import zone_of
from portal.vendors.models import SEALED_OF_CONNECTION, Connection
from realtime.board import actions, picture
from realtime.board.forms import PlaceForm, TransferForm
from realtime.board.pieces import Drawn, Look, Pen
from realtime.board.rights import ALL, Rights
from realtime.calls.models import Call, CallAction, known_as
from realtime.extensions.models import Extension, Favourite
from realtime.grants.standing import held_by, held_from, remember
from realtime.models import RealtimeAccount

SIMPLE = {str(kind) for kind in CallAction.Kind} - {*map(str, actions.TRANSFERS), str(CallAction.Kind.PLACE)}


@dataclass(frozen=True)
class Desk:
    """Where somebody stands: the company's connections, what the person may do, which telephones are theirs or dear to them."""

    connections: list[Connection]
    rights: Rights
    own: list[int]
    favourites: list[int]
    accounts: list[Any]

    @property
    def connection(self) -> Connection | None:
        return self.connections[0] if self.connections else None


def desk_of(request: TenantRequest) -> Desk:
    """One query."""
    mine = Extension.objects.filter(connection=OuterRef("connection"), member_id=request.user.pk, gone_at=None)
    liked = Favourite.objects.filter(user_id=request.user.pk or 0, extension__connection=OuterRef("connection"))
    accounts = list(
        picture.with_board(RealtimeAccount.objects.select_related("connection__tenant"))
        .annotate(
            own=ArraySubquery(mine.values("pk")),
            liked=ArraySubquery(liked.values("extension_id")),
            held=held_by(request.user.pk),
        )
        .defer(*SEALED_OF_CONNECTION)
        .order_by("connection__name", "connection_id")
    )
    remember(request, [(account.connection, account.held) for account in accounts])
    return Desk(
        [account.connection for account in accounts],
        _rights(request, accounts),
        [pk for account in accounts for pk in account.own],
        [pk for account in accounts for pk in account.liked],
        accounts,
    )


def _rights(request: TenantRequest, accounts: Iterable[Any]) -> Rights:
    """By the grants that are there at these."""
    held = [each for account in accounts for each in held_from(account.held) if not each.lost]
    return Rights.by(request.membership, [(each.user_id, each.scopes) for each in held])


@tenant_view(Role.VIEWER)
@never_cache
@require_safe
def board(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk.connection is None:
        return render(request, "realtime/no_connection.html", {"may_connect": request.membership.allows(Role.ADMIN)})
    drawn = _drawn(request, desk)
    # A visit of support gets no stream: what it sees is on record page by page.
    stream = "" if request.visit else reverse("realtime:board", args=[request.tenant.slug]) + "stream"
    context = {
        "desk": desk,
        "rights": desk.rights,
        "own": desk.own,
        "favourites": desk.favourites,
        "sections": _sections(drawn, desk.favourites),
        "stream_url": stream,
        "now": timezone.now(),
        "late": _late(drawn),
        "form_key": uuid4(),
        "may_operate": request.membership.allows(Role.OPERATOR),
    }
    return render(request, "realtime/board.html", context)


@tenant_view(Role.VIEWER)
@never_cache
@require_safe
def board_now(request: TenantRequest) -> HttpResponse:
    """The whole board as the stream tells it, for browsers that have none."""
    drawn = _drawn(request, desk_of(request))
    return JsonResponse(
        {
            "whole": True,
            "order": drawn.order,
            "pieces": drawn.pieces,
            "now": timezone.now().isoformat(),
            "late": _late(drawn),
        }
    )


def _drawn(request: TenantRequest, desk: Desk) -> Drawn:
    look = Look(request.tenant.slug, translation.get_language() or "en", zone_of(request), desk.rights)
    seen = picture.read_from(request.tenant.pk, desk.accounts)
    return Pen(look, frozenset(desk.own)).draw(seen)


def _sections(drawn: Drawn, favourites: list[int]) -> dict[str, list[str]]:
    """The pieces in their order, favourites first. They were escaped when they were drawn."""
    first = {f"tile-{pk}" for pk in favourites}
    return {
        name: [mark_safe(drawn.pieces[key]) for key in sorted(keys, key=lambda key: key not in first)]  # noqa: S308
        for name, keys in drawn.order.items()
    }


def _late(drawn: Drawn) -> int:
    return int((timezone.now() - drawn.unread_since).total_seconds()) if drawn.unread_since else 0


# --- What is asked for ----------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_POST
def call_act(request: TenantRequest, pk: int, what: str) -> HttpResponse:
    """Hang up, hold, resume, start or stop recording. Who may do which is decided by the verb."""
    if what not in SIMPLE:
        raise Http404
    call = get_object_or_404(Call.objects.select_related("connection__tenant"), known_as(pk))
    try:
        actions.act_on_call(call, what, form_key=_key(request), membership=request.membership)
    except AlreadySubmitted:
        messages.info(request, _("This has been asked for already."))
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    return _answer(request)


@tenant_view(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def call_place(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk.connection is None:
        return render(request, "realtime/no_connection.html", {"may_connect": request.membership.allows(Role.ADMIN)})
    form = PlaceForm(
        request.POST or None,
        initial={"to": request.GET.get("to", "")},
        systems=desk.connections,
        chosen=_chosen(desk, request.GET.get("connection", "")),
        anybody=_anybody(request, desk),
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            connection, number = form.telephone
            from_ = actions.Target.of(connection, number) if number else None
            to = actions.Target.of(connection, told["to"])
            actions.place_call(connection, to, from_, form_key=form.form_key, membership=request.membership)
        except AlreadySubmitted:
            messages.info(request, sent_before_words())
            return _answer(request)
        except NotPromised as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The call is asked for. Your telephone rings first, then the other one."))
            return _answer(request)
    return _form_page(request, form, title=_("Place a call"), verb=pgettext_lazy("telephone", "Call"))


def _chosen(desk: Desk, pk: str) -> Connection:
    """The telephone system that is named, else that of the person's own telephone, else the first.

    Raises Http404 for one that is not the tenant's.
    """
    if pk:
        named = (each for each in desk.connections if str(each.pk) == pk)
        chosen = next(named, None)
        if chosen is None:
            raise Http404
        return chosen
    return next((account.connection for account in desk.accounts if account.own), desk.connections[0])


def _anybody(request: TenantRequest, desk: Desk) -> set[int]:
    """The telephone systems over which this member may place a call for everybody."""
    reach = {account.connection_id: _rights(request, [account]) for account in desk.accounts}
    return {pk for pk, rights in reach.items() if rights.place == ALL}


@tenant_view(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def call_transfer(request: TenantRequest, pk: int) -> HttpResponse:
    call = get_object_or_404(Call.objects.select_related("connection__tenant"), known_as(pk))
    form = TransferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            to = actions.Target.of(call.connection, told["to"])
            actions.transfer_call(
                call, to, attended=told["how"] == "attended", form_key=form.form_key, membership=request.membership
            )
        except AlreadySubmitted:
            messages.info(request, sent_before_words())
            return _answer(request)
        except NotPromised as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The transfer is asked for."))
            return _answer(request)
    note = _("An attended transfer is finished with * on your telephone, and cancelled with #.")
    return _form_page(request, form, title=_("Transfer the call"), verb=_("Transfer"), note=note)


def _form_page(request: TenantRequest, form: Any, **context: Any) -> HttpResponse:
    told = {
        "form": form,
        "action": request.path,
        "board_url": reverse("realtime:board", args=[request.tenant.slug]),
        "dialog": _is_htmx(request),
        **context,
    }
    template = "realtime/board/_form.html" if _is_htmx(request) else "realtime/call_place.html"
    return render(request, template, told, status=422 if form.is_bound and form.errors else 200)


def _answer(request: TenantRequest) -> HttpResponse:
    """Back to the board; on the board itself what is to be said, and a new key for the next thing that is asked for."""
    if not _is_htmx(request):
        return redirect("realtime:board", request.tenant.slug)
    response = render(request, "realtime/board/_answer.html", {"form_key": uuid4()})
    response["HX-Reswap"] = "none"
    response["HX-Trigger"] = "board-asked"
    return response


def _key(request: HttpRequest) -> UUID:
    """Raises NotPromised for a form without its one-time key, which is refused rather than done twice."""
    try:
        return UUID(request.POST.get("form_key", ""))
    except ValueError:
        raise NotPromised(
            gettext_noop("This form is incomplete. Reload the page and fill it in again; nothing was changed.")
        ) from None


def _is_htmx(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]
