"""The one external script of a domain: what calls get now, another one instead, none any more."""

from typing import Any

from django.contrib import messages
from django.db.models import Exists
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

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
from portal.ui.forms import ConfirmForm, TypedForm
from portal.vendors.desks import page, slug_of
from portal.vendors.models import Connection
from telephony import notices, operations
from telephony.forms import SetScriptForm
from telephony.models import SCRIPT_LANE, ExternalScript
from telephony.scripts.addresses import is_ours, public_address, shown
from telephony.views.desk import Desk, desk_of, no_connection


@tenant_view(Role.VIEWER)
@require_safe
def external_script(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    return page(request, "telephony/external_script.html", desk, **_whole(request, desk))


@tenant_view(Role.VIEWER)
@require_safe
def external_script_now(request: TenantRequest) -> HttpResponse:
    """The page's own piece, polled while the vendor is at work."""
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    return page(request, "telephony/_external_script.html", desk, **_whole(request, desk))


@tenant_view(Role.OPERATOR)
def external_script_set(request: TenantRequest) -> HttpResponse:
    """Another script from now on. Where one is set it is replaced, so the connection's name is typed as well."""
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    known = known_script(desk.connection)
    form = SetScriptForm(request.POST or None, known=known)
    typed = TypedForm(request.POST or None, expected=desk.connection.name) if known else None
    # Both are looked at, so that all that is wrong is told at once.
    good = [each.is_valid() for each in (form, typed) if each]
    if request.method == "POST" and all(good) and _promised(request, desk, form):
        return _to(request, desk)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "typed": typed, "script": known, "told": told_address(known) if known else ""}
    return page(request, "telephony/external_script_set.html", desk, status, **context)


def _promised(request: HttpRequest, desk: Desk, form: SetScriptForm) -> bool:
    """True where it was asked for, now or by the same form before; otherwise the form says why not."""
    try:
        operations.set_external_script(
            desk.connection,
            form.address,
            form.cleaned_data["name"],
            form_key=form.form_key,
            acting_user=request.user,
        )
    except AlreadySubmitted:
        messages.warning(request, sent_before_words())
        return True
    except NotPromised as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The vendor is being told the new script."))
    return True


@tenant_view(Role.OPERATOR)
def external_script_delete(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    known = known_script(desk.connection)
    if known is None:
        messages.info(request, _("The domain has no external script."))
        return _to(request, desk)
    form, key = TypedForm(request.POST or None, expected=desk.connection.name), ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and key.is_valid():
        _delete(request, desk, key)
        return _to(request, desk)
    context = {
        "form": form,
        "form_key": key["form_key"].value(),
        "title": _("Delete the external script?"),
        "text": _("From then on the vendor does not know what to do with calls, and does not handle them."),
        "verb": _("Delete"),
        "cancel_url": page_of(request, desk),
    }
    return page(request, "ui/confirm_page.html", desk, 422 if form.is_bound else 200, **context)


def _delete(request: HttpRequest, desk: Desk, form: ConfirmForm) -> None:
    try:
        operations.delete_external_script(desk.connection, form_key=form.form_key, acting_user=request.user)
    except AlreadySubmitted:
        messages.warning(request, sent_before_words())
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The external script is being deleted at the vendor."))


@tenant_view(Role.OPERATOR, reveals_secrets=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("address", "context")
def external_script_address(request: TenantRequest) -> HttpResponse:
    """The whole address of a script elsewhere in answer to a POST, which is on record. As `sip_password`."""
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    known, form = known_script(desk.connection), ConfirmForm(request.POST or None)
    if request.method != "POST" or known is None or not form.is_valid() or not first_time(request, form):
        return _to(request, desk)
    try:
        address = operations.reveal_address(known, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return _to(request, desk)
    context = _whole(request, desk) | {"address": address}
    part = "telephony/_external_script.html" if request.htmx else "telephony/external_script.html"  # type: ignore[attr-defined]
    return page(request, part, desk, **context)


@tenant_view(Role.ADMIN)
@require_POST
def external_script_accept(request: TenantRequest) -> HttpResponse:
    """What was changed at the vendor is right as it is."""
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    if notices.open_about(desk.connection.pk).exists():
        notices.script_settled(desk.connection.tenant_id, desk.connection.pk)
        record("telephony.script_accepted", desk.connection, acting_user=request.user)
        messages.success(request, _("Accepted."))
    return _to(request, desk)


# --- Pieces -----------------------------------------------------------------------------------------------------------


def known_script(connection: Connection) -> ExternalScript | None:
    return ExternalScript.objects.select_related("hosted").filter(connection=connection).first()


def told_address(script: ExternalScript) -> str:
    """For people; of a hosted script its name is told instead."""
    return shown(script.url.reveal())


def _whole(request: TenantRequest, desk: Desk) -> dict[str, Any]:
    # In this order: the script that is shown after an operation's end is the one that it brought.
    operation = latest(Operation.objects.filter(connection=desk.connection, lane=SCRIPT_LANE))
    script, moved = _standing(desk.connection)
    return {
        "script": script,
        "told": told_address(script) if script else "",
        "may_reveal": script is not None and operations.is_elsewhere(script),
        "confirm": ConfirmForm(),
        "flaw": _flaw_of(script) if script else "",
        **standing(operation, zone_of(request)),
        "moved": moved,
    }


def _standing(connection: Connection) -> tuple[ExternalScript | None, bool]:
    """The script, and whether a change of it at the vendor waits for somebody; one query."""
    rows = Connection.objects.select_related("external_script__hosted").only("pk", "external_script")
    found: Any = rows.annotate(moved=Exists(notices.open_about(connection.pk))).get(pk=connection.pk)
    return getattr(found, "external_script", None), found.moved


def _flaw_of(script: ExternalScript) -> str:
    """Why calls get nothing from a script of this portal, though the vendor has an address; "" if they do."""
    url, hosted = script.url.reveal(), script.hosted
    if hosted is None:
        return _("This is an address of this portal that leads to no call script.") if is_ours(url) else ""
    if hosted.deleted_at:
        return _("This call script was deleted here.")
    if public_address(hosted) != url:
        return _("The call script has a new address, which the vendor has not been told.")
    return "" if hosted.published_id else _("No version of this call script is published.")


def page_of(request: HttpRequest, desk: Desk) -> str:
    return reverse("telephony:external_script", args=[slug_of(request)]) + desk.query


def _to(request: HttpRequest, desk: Desk) -> HttpResponse:
    return redirect(page_of(request, desk))
