"""The setup sheet of a SIP account for operators, and the links that an admin sends to the account's person."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.mail import send_after_commit
from portal.tenancy.refusals import Refused
from portal.tenancy.roles import Role
from portal.ui.asking import first_time
from portal.ui.forms import ConfirmForm
from portal.vendors.desks import frame
from telephony import operations
from telephony.models import SetupLink, SipAccount
from telephony.setup import links
from telephony.setup.forms import SetupLinkForm
from telephony.setup.letter import setup_letter
from telephony.setup.paper import sheet_pdf
from telephony.setup.sheet import Sheet

LINKS_SHOWN = 50


@tenant_view(Role.OPERATOR)
@require_safe
def setup_sheet(request: TenantRequest, pk: int) -> HttpResponse:
    return _sheet_page(request, _find(pk))


@tenant_view(Role.OPERATOR)
@require_safe
def setup_pdf(request: TenantRequest, pk: int) -> HttpResponse:
    """The sheet on paper, without the password."""
    return _file(request, Sheet.of(_find(pk)))


@tenant_view(Role.OPERATOR, reveals_secrets=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("password")
def setup_password(request: TenantRequest, pk: int) -> HttpResponse:
    """The sheet with the password in answer to a POST, as a page or as a PDF, which is on record. As `sip_password`."""
    found, form = _find(pk), ConfirmForm(request.POST or None)
    if request.method != "POST" or not form.is_valid() or not first_time(request, form):
        return _to_sheet(request, pk)
    try:
        password = operations.reveal_password(found, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return _to_sheet(request, pk)
    if request.POST.get("form") == "pdf":
        return _file(request, Sheet.of(found, password))
    return _sheet_page(request, found, password)


@tenant_view(Role.ADMIN)
@require_safe
def setup_links(request: TenantRequest, pk: int) -> HttpResponse:
    return _links_page(request, _find(pk), SetupLinkForm(initial={"language": request.tenant.language}))


@tenant_view(Role.ADMIN, reveals_secrets=True)
@require_http_methods(["GET", "HEAD", "POST"])
def setup_link_new(request: TenantRequest, pk: int) -> HttpResponse:
    """Send one. Whoever may send a link to any address can come to the password."""
    found, form = _find(pk), SetupLinkForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _to_links(request, pk)
    if form.is_valid() and first_time(request, form):
        _send(request, found, form)
    return _to_links(request, pk) if form.is_valid() else _links_page(request, found, form)


@tenant_view(Role.ADMIN)
@require_POST
def setup_link_revoke(request: TenantRequest, pk: int, link_pk: int) -> HttpResponse:
    link = get_object_or_404(SetupLink, pk=link_pk, account=pk)
    try:
        links.revoke_link(link, acting_user=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The link to %(email)s shows nothing any more.") % {"email": link.sent_to})
    return _to_links(request, pk)


def _find(pk: int) -> SipAccount:
    """Only what is there can be set up."""
    return get_object_or_404(SipAccount.objects.for_detail(), pk=pk, state=SipAccount.State.ACTIVE)


def _send(request: TenantRequest, account: SipAccount, form: SetupLinkForm) -> None:
    email = form.cleaned_data["email"]
    try:
        issued = links.make_link(account, email, language=form.cleaned_data["language"], acting_user=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return
    unsent = _("The mail server did not take the mail to %(email)s. Send another link later.") % {"email": email}
    send_after_commit(
        setup_letter(request, issued),
        failed=lambda: messages.error(request, unsent),
        sent=lambda: links.note_mailed(issued.link),
    )
    messages.success(request, _("A link is on its way to %(email)s.") % {"email": email})


def _sheet_page(request: TenantRequest, account: SipAccount, password: str = "") -> HttpResponse:
    context = {
        **frame(request, account.connection),
        "account": account,
        "sheet": Sheet.of(account, password),
        "confirm": ConfirmForm(),
        "confirm_paper": ConfirmForm(),
    }
    return render(request, "telephony/setup/sheet.html", context)


def _links_page(request: TenantRequest, account: SipAccount, form: SetupLinkForm) -> HttpResponse:
    context: dict[str, Any] = {
        **frame(request, account.connection),
        "account": account,
        "links": list(SetupLink.objects.for_list(account)[:LINKS_SHOWN]),
        "form": form,
        "days": links.LINK_LIFE.days,
    }
    return render(request, "telephony/setup/links.html", context, status=422 if form.is_bound else 200)


def _file(request: TenantRequest, sheet: Sheet) -> HttpResponse:
    name = slugify(sheet.username) or "telephone"
    headers = {"Content-Disposition": f'attachment; filename="setup-{name}.pdf"'}
    return HttpResponse(sheet_pdf(sheet, request.tenant.name), content_type="application/pdf", headers=headers)


def _to_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    return redirect("telephony:setup_sheet", request.tenant.slug, pk)  # type: ignore[attr-defined]


def _to_links(request: HttpRequest, pk: int) -> HttpResponse:
    return redirect("telephony:setup_links", request.tenant.slug, pk)  # type: ignore[attr-defined]
