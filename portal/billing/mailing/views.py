"""The pages of mailing: addresses, mails with what became of each, and the page that a link in a mail leads to."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.billing.mailing import contacts, promising
from portal.billing.mailing.forms import ContactChangeForm, ContactForm, SendForm
from portal.billing.mailing.letters import confirming_letter
from portal.billing.mailing.models import BillingContact, StatementMail
from portal.billing.mailing.refusals import LinkGone
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.mail import send_after_commit
from portal.tenancy.refusals import Refused
from portal.tenancy.roles import Role
from portal.tenancy.scope import tenant_scope

MAILS_SHOWN = 50


@tenant_view(Role.BILLING)
@require_safe
def mailing(request: TenantRequest) -> HttpResponse:
    standing = list(BillingContact.objects.standing().filter(tenant=request.tenant).order_by("email"))
    mailable = [each for each in standing if each.confirmed and each.active]
    context = {
        "contacts": standing,
        "most": contacts.MOST_CONTACTS,
        "form": SendForm(tenant=request.tenant, mailable=mailable) if mailable else None,
    }
    return render(request, "billing/mailing/mailing.html", context | _mails(request))


@tenant_view(Role.BILLING)
@require_safe
def mails(request: TenantRequest) -> HttpResponse:
    return render(request, "billing/mailing/_mails.html", _mails(request))


@tenant_view(Role.BILLING)
def contact_new(request: TenantRequest) -> HttpResponse:
    form = ContactForm(request.POST or None, initial={"language": request.tenant.language})

    def add() -> str:
        values = form.cleaned_data
        issued = contacts.add_contact(
            request.tenant,
            values["email"],
            language=values["language"],
            forms=values["forms"],
            acting_user=request.user,
        )
        _mail_link(request, issued)
        return _("A link is on its way to %(email)s. Statements follow when it was used.") % {
            "email": issued.contact.email
        }

    return _ask_by_form(request, form, "billing/mailing/contact_new.html", {}, add)


@tenant_view(Role.BILLING)
def contact(request: TenantRequest, pk: int) -> HttpResponse:
    found = _contact(request, pk)
    wishes = {"language": found.language, "forms": found.forms, "active": found.active}
    form = ContactChangeForm(request.POST or None, initial=wishes)

    def change() -> str:
        values = {name: form.cleaned_data[name] for name in ("language", "forms", "active")}
        contacts.change_contact(found, **values, acting_user=request.user)
        return _("Saved. It holds from the next mail on.")

    return _ask_by_form(request, form, "billing/mailing/contact.html", {"contact": found}, change)


@tenant_view(Role.BILLING)
@require_POST
def contact_link(request: TenantRequest, pk: int) -> HttpResponse:
    found = _contact(request, pk)

    def ask() -> str:
        _mail_link(request, contacts.send_link_again(found, acting_user=request.user))
        return _("A new link is on its way to %(email)s; the old one no longer works.") % {"email": found.email}

    return _ask(request, ask)


@tenant_view(Role.BILLING)
@require_POST
def contact_remove(request: TenantRequest, pk: int) -> HttpResponse:
    found = _contact(request, pk)

    def remove() -> str:
        contacts.remove_contact(found, acting_user=request.user)
        return _("%(email)s gets no statements any more.") % {"email": found.email}

    return _ask(request, remove)


@tenant_view(Role.BILLING)
@require_POST
def mail_send(request: TenantRequest) -> HttpResponse:
    """A statement that a person chose, to an address that they chose."""
    form = SendForm(request.POST, tenant=request.tenant, mailable=[])
    if not form.is_valid():
        messages.error(request, _("Nothing was sent: choose a statement and an address."))
        return redirect("billing:mailing", request.tenant.slug)
    chosen = form.cleaned_data
    return _ask(request, lambda: _send(request, chosen["statement"], chosen["contact"]))


@tenant_view(Role.BILLING)
@require_POST
def mail_again(request: TenantRequest, pk: int) -> HttpResponse:
    known = StatementMail.objects.select_related("statement", "contact").defer("statement__canonical")
    mail = get_object_or_404(known, tenant=request.tenant, pk=pk)
    return _ask(request, lambda: _send(request, mail.statement, mail.contact))


# --- Without an account --------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link in a mail leads: GET asks, POST confirms or stops. A program that only looks changes nothing."""
    try:
        with tenant_scope(contacts.tenant_of(token)):
            found = contacts.found_by(token)
        if request.method == "POST":
            return _answered(request, token)
    except LinkGone as gone:
        context = {"sentence": str(gone)}
        return render(request, "billing/mailing/link_gone.html", context, status=404 if gone.why == "unknown" else 410)
    with override(found.language):
        return render(request, "billing/mailing/link.html", {"contact": found, "company": found.tenant.name})


def _answered(request: HttpRequest, token: str) -> HttpResponse:
    confirmed = request.POST.get("answer") == "yes"
    found = contacts.confirm(token) if confirmed else contacts.withdraw(token)
    with override(found.language):
        context = {"contact": found, "company": found.tenant.name, "confirmed": confirmed}
        return render(request, "billing/mailing/link_done.html", context)


# --- The parts -----------------------------------------------------------------------------------------------------


def _mails(request: TenantRequest) -> dict[str, Any]:
    latest = StatementMail.objects.filter(tenant=request.tenant).order_by("-pk")
    known = latest.select_related("statement", "contact", "asked_by").defer("statement__canonical")
    shown = list(known[:MAILS_SHOWN])
    return {"mails": shown, "moving": any(mail.open for mail in shown)}


def _contact(request: TenantRequest, pk: int) -> BillingContact:
    standing = BillingContact.objects.standing().select_related("tenant")
    return get_object_or_404(standing, tenant=request.tenant, pk=pk)


def _send(request: TenantRequest, statement: Any, to: BillingContact) -> str:
    promising.send_to(statement, to, acting_user=request.user)
    return _("%(number)s is on its way to %(email)s.") % {"number": statement.number, "email": to.email}


def _mail_link(request: TenantRequest, issued: contacts.Issued) -> None:
    """After commit; who asked is told when the mail server does not take it."""
    sentence = _("%(email)s is on the list, but the mail server did not take the mail. Send the link again later.")
    send_after_commit(
        confirming_letter(issued),
        failed=lambda: messages.error(request, sentence % {"email": issued.contact.email}),
        sent=lambda: contacts.note_link_mailed(issued.contact),
    )


def _ask(request: TenantRequest, ask: Callable[[], str]) -> HttpResponse:
    """Do it and say so, or say why not; then show the page again."""
    try:
        messages.success(request, ask())
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("billing:mailing", request.tenant.slug)


def _ask_by_form(
    request: TenantRequest, form: Any, template: str, context: dict[str, Any], ask: Callable[[], str]
) -> HttpResponse:
    """As `_ask`, but what is wrong is shown in the form."""
    if form.is_valid():
        try:
            messages.success(request, ask())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("billing:mailing", request.tenant.slug)
    return render(request, template, context | {"form": form}, status=422 if form.is_bound else 200)
