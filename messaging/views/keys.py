"""The keys that delivery reports are signed with: where each stands, and the next step of turning them over."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from messaging.models import SigningKey
from messaging.reports import key_operations, key_reading
from messaging.reports.turning import step_of
from messaging.views.account import told
from messaging.views.desk import Desk, desk_of, no_connection, page
from portal.audit.trail import record
from portal.operations.followed import latest, standing
from portal.operations.models import Operation
from portal.operations.promises import AlreadySubmitted
from portal.operations.refusals import NotPromised
from portal.operations.words import sent_before_words
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import first_time
from portal.ui.formats import zone_of
from portal.ui.forms import PortalForm

VERBS: dict[str, Callable[..., Operation]] = {
    "activate": key_operations.activate_key,
    "retire": key_operations.retire_key,
    "delete": key_operations.delete_key,
}


@tenant_view(Role.VIEWER)
@require_safe
def keys(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    return (
        no_connection(request) if desk is None else page(request, "messaging/keys.html", desk, **_whole(request, desk))
    )


@tenant_view(Role.VIEWER)
@require_safe
def keys_now(request: TenantRequest) -> HttpResponse:
    """The page's own piece, polled while something is under way."""
    desk = desk_of(request)
    return (
        no_connection(request) if desk is None else page(request, "messaging/_keys.html", desk, **_whole(request, desk))
    )


@tenant_view(Role.OPERATOR)
@require_POST
def keys_refresh(request: TenantRequest) -> HttpResponse:
    """Have the vendor's list read as soon as a worker is free."""
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    key_reading.ask_for_reading(desk.connection.pk)
    record("messaging.keys_asked", desk.connection, acting_user=request.user)
    messages.info(request, _("The vendor's keys are being read."))
    return _to(request, desk)


@tenant_view(Role.ADMIN)
@require_POST
def key_stage(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    form = PortalForm(request.POST)
    if form.is_valid():
        _promise(request, key_operations.stage_key, desk.connection, form)
    return _to(request, desk)


@tenant_view(Role.ADMIN)
@require_POST
def key_move(request: TenantRequest, pk: int, move: str) -> HttpResponse:
    """Put it to use, take it out of use, delete it."""
    key, form = _find(pk), PortalForm(request.POST)
    if form.is_valid():
        _promise(request, VERBS[move], key, form)
    return redirect(_address(request, key.connection_id))


@tenant_view(Role.ADMIN, reveals_secrets=True)
@never_cache
@require_POST
@sensitive_variables("secret")
def key_secret(request: TenantRequest, pk: int) -> HttpResponse:
    """Show it in answer to a POST, which is on record. Sent again, as by a reload, it shows the page without it."""
    key, form = _find(pk), PortalForm(request.POST)
    desk = desk_of(request)
    if desk is None or not form.is_valid() or not first_time(request, form):
        return redirect(_address(request, key.connection_id))
    try:
        secret = key_operations.reveal_key(key, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return redirect(_address(request, key.connection_id))
    mine = next(account for account in desk.accounts if account.connection_id == key.connection_id)
    desk = Desk(desk.accounts, mine)
    return page(request, "messaging/keys.html", desk, **_whole(request, desk), shown=key, secret=secret)


def _find(pk: int) -> SigningKey:
    return get_object_or_404(SigningKey.objects.select_related("connection__tenant"), pk=pk)


def _promise(request: HttpRequest, verb: Callable[..., Operation], about: Any, form: PortalForm) -> None:
    try:
        verb(about, form_key=form.form_key, acting_user=request.user)
    except AlreadySubmitted:
        messages.warning(request, sent_before_words())
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The vendor is being asked."))


def _whole(request: TenantRequest, desk: Desk) -> dict[str, Any]:
    # In this order: the keys that are shown after an operation's end are those that it left.
    operation = latest(Operation.objects.filter(connection=desk.connection, lane=key_operations.LANE))
    found = list(SigningKey.objects.filter(connection=desk.connection).order_by("-created_at", "-pk")[:50])
    stands = standing(operation, zone_of(request))
    return {
        "keys": found,
        "step": step_of(found, desk.account.key_level, under_way=stands["under_way"]),
        **stands,
        "awaited": _awaited(desk),
        "confirm": PortalForm(),
        "settings_told": told(desk.account),
    }


def _awaited(desk: Desk) -> bool:
    """A reading was asked for that has neither come nor failed."""
    account = desk.account
    if account.keys_asked_at is None or account.keys_error:
        return False
    return account.keys_read_at is None or account.keys_read_at < account.keys_asked_at


def _to(request: TenantRequest, desk: Desk) -> HttpResponse:
    return redirect(_address(request, desk.connection.pk))


def _address(request: TenantRequest, connection_id: int) -> str:
    return f"{reverse('messaging:keys', args=[request.tenant.slug])}?connection={connection_id}"
