"""SIP accounts: the list, a new one, one followed while the vendor is at work, changes, its password, its end."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.lists.pages import list_page, selectable
from portal.operations.followed import about, latest, page_of, standing
from portal.operations.models import Operation
from portal.operations.promises import AlreadySubmitted
from portal.operations.refusals import NotPromised
from portal.operations.words import sent_before_words
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import first_time, status_of
from portal.ui.formats import zone_of
from portal.ui.forms import ConfirmForm
from portal.vendors.desks import frame, mirror_asked, mirror_piece, page, slug_of
from telephony import operations
from telephony.forms import AccountForm, NewAccountForm
from telephony.lists import SIP_ACCOUNTS
from telephony.models import SipAccount
from telephony.refresh import refresh
from telephony.views.desk import Desk, desk_of, no_connection

BACK = ("sip_accounts", "differences", "external_script")


@tenant_view(Role.VIEWER)
@require_safe
def sip_accounts(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    found = list_page(request, SIP_ACCOUNTS, fixed={"connection": desk.connection.pk})
    return page(request, "telephony/sip_accounts.html", desk, **found)


@tenant_view(Role.VIEWER)
@require_safe
def sip_account_row(request: TenantRequest, pk: int) -> HttpResponse:
    """One row of the list, polled while it moves."""
    found = get_object_or_404(SipAccount.objects.for_list(), pk=pk)
    context = {"account": found, "selectable": selectable(request, SIP_ACCOUNTS)}
    return render(request, "telephony/_sip_account_row.html", context)


@tenant_view(Role.VIEWER)
@require_safe
def mirror(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    return no_connection(request) if desk is None else mirror_piece(request, desk, BACK)


@tenant_view(Role.VIEWER)
@require_POST
def refresh_mirror(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    refresh(desk.connection)
    return mirror_asked(request, desk, BACK)


# --- A new one ----------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
def sip_account_new(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _create(request, desk, form)
    return _new_page(request, desk, form)


def _create(request: HttpRequest, desk: Desk, form: NewAccountForm) -> HttpResponse:
    try:
        made = operations.create_sip_account(
            desk.connection,
            form.cleaned_data["username"],
            form.wanted,
            form_key=form.form_key,
            acting_user=request.user,
        )
    except AlreadySubmitted as earlier:
        messages.warning(request, sent_before_words())
        return redirect(page_of(request, earlier.operation, SipAccount, "telephony:sip_account"))
    except NotPromised as refusal:
        form.add_error(None, str(refusal))
        return _new_page(request, desk, form)
    messages.success(request, _("“%(name)s” is being created at the vendor.") % {"name": made.username})
    return redirect("telephony:sip_account", slug_of(request), made.pk)


def _new_page(request: HttpRequest, desk: Desk, form: NewAccountForm) -> HttpResponse:
    return page(request, "telephony/sip_account_new.html", desk, status_of(form), form=form)


# --- One ----------------------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def sip_account(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "telephony/sip_account.html", _whole(request, latest(about(SipAccount, pk)), _find(pk)))


@tenant_view(Role.VIEWER)
@require_safe
def sip_account_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The page's own piece, polled while the vendor is at work."""
    return render(request, "telephony/_sip_account.html", _whole(request, latest(about(SipAccount, pk)), _find(pk)))


@tenant_view(Role.OPERATOR)
def sip_account_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    told = {name: getattr(found, name) for name in operations.Wanted.__dataclass_fields__}
    form = AccountForm(request.POST or None, initial=told)
    if request.method == "POST" and form.is_valid():
        try:
            promised = operations.update_sip_account(
                found, form.wanted, form_key=form.form_key, acting_user=request.user
            )
        except AlreadySubmitted:
            messages.warning(request, sent_before_words())
            return _to(request, pk)
        except NotPromised as refusal:
            form.add_error(None, str(refusal))
        else:
            text = _("The change is on its way to the vendor.") if promised else _("Nothing differs; nothing was sent.")
            messages.success(request, text)
            return _to(request, pk)
    context = {**frame(request, found.connection), "account": found, "form": form}
    return render(request, "telephony/sip_account_edit.html", context, status=status_of(form))


@tenant_view(Role.OPERATOR)
def sip_account_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then deletes. A telephone that uses the account is signed out."""
    found, form = _find(pk), ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _delete(request, found, form)
    context = {
        **frame(request, found.connection),
        "form": form,
        "title": _("Delete “%(name)s”?") % {"name": found.username},
        "text": _("Telephones that use this account are signed out and cannot be called any more."),
        "verb": _("Delete"),
        "cancel_url": reverse("telephony:sip_account", args=[slug_of(request), pk]),
    }
    return render(request, "ui/confirm_page.html", context, status=status_of(form))


def _delete(request: HttpRequest, found: SipAccount, form: ConfirmForm) -> HttpResponse:
    try:
        operations.delete_sip_account(found, form_key=form.form_key, acting_user=request.user)
        messages.success(request, _("“%(name)s” is being deleted at the vendor.") % {"name": found.username})
    except AlreadySubmitted:
        messages.info(request, _("“%(name)s” is being deleted already.") % {"name": found.username})
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    return _to(request, found.pk)


@tenant_view(Role.OPERATOR, reveals_secrets=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("password", "context")
def sip_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Show it in answer to a POST, which is on record. Sent again, as by a reload, it shows the page without it."""
    found, form = _find(pk), ConfirmForm(request.POST or None)
    if request.method != "POST" or not form.is_valid() or not first_time(request, form):
        return _to(request, pk)
    try:
        password = operations.reveal_password(found, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return _to(request, pk)
    context = _whole(request, latest(about(SipAccount, pk)), found) | {"password": password}
    part = "telephony/_sip_account.html" if request.htmx else "telephony/sip_account.html"  # type: ignore[attr-defined]
    return render(request, part, context)


def _find(pk: int) -> SipAccount:
    return get_object_or_404(SipAccount.objects.for_detail(), pk=pk)


def _whole(request: HttpRequest, operation: Operation | None, account: SipAccount) -> dict[str, Any]:
    """`operation` is read before `account`: what is shown after its end has what it brought, and nobody needs to ask again."""
    return {
        **frame(request, account.connection),
        "account": account,
        **standing(operation, zone_of(request)),
        "confirm": ConfirmForm(),
        "proxy": settings.SIP_OUTBOUND_PROXY,
    }


def _to(request: HttpRequest, pk: int) -> HttpResponse:
    return redirect("telephony:sip_account", slug_of(request), pk)
