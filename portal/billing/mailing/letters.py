"""What mails of billing say, as text and as HTML, in the language of who reads them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.billing.mailing.contacts import Issued, stopping_token
from portal.billing.mailing.models import FORMS, RunMail, StatementMail
from portal.billing.models import ClosingStep, Statement
from portal.billing.months import BILLING_ZONE
from portal.billing.papers.files import CONTENT_TYPES, file_of, filename
from portal.billing.statements import document_of
from portal.notices.letters import message_id, subject_line

# Mail servers refuse what is larger, and base64 makes it a third more.
MOST_BYTES = 7_000_000


@dataclass(frozen=True)
class Written:
    """A mail with its files; `left_out` are the forms that would have made it too large."""

    message: EmailMultiAlternatives
    left_out: list[str]


def statement_letter(mail: StatementMail) -> Written:
    """The statement, in the forms that the contact wants; needs a scope that sees the tenant."""
    contact, statement = mail.contact, mail.statement
    files, left_out = _files(statement, contact.forms, contact.language)
    stop_url = settings.PORTAL_URL + reverse("billing_contact", args=[stopping_token(contact)])
    with translation.override(contact.language), timezone.override(mail.tenant.zone):
        month = date_format(statement.month, "YEAR_MONTH_FORMAT")
        told = {"company": mail.tenant.name, "number": statement.number, "month": month}
        context = {
            "heading": _("%(company)s: statement %(number)s of %(month)s") % told,
            "tenant": mail.tenant,
            "statement": statement,
            "month": month,
            "forms": _said(form for form in contact.forms if form not in left_out),
            "left_out": _said(left_out),
            "url": settings.PORTAL_URL + reverse("billing:statement", args=[mail.tenant.slug, statement.pk]),
            "stop_url": stop_url,
        }
        headers = _headers(mail.name) | {"List-Unsubscribe": f"<{stop_url}>"}
        message = _message("statement", context, contact.email, headers)
    for file in files:
        message.attach(file)
    return Written(message, left_out)


def confirming_letter(issued: Issued) -> EmailMultiAlternatives:
    """Asks whoever reads an address whether statements may be mailed to it."""
    contact = issued.contact
    with translation.override(contact.language), timezone.override(contact.tenant.zone):
        company = contact.tenant.name
        context = {
            "heading": _("%(company)s wants to mail its statements to this address") % {"company": company},
            "tenant": contact.tenant,
            "contact": contact,
            "ends": contact.link_expires_at,
            "url": settings.PORTAL_URL + reverse("billing_contact", args=[issued.token]),
        }
        return _message("confirm", context, contact.email, {"Auto-Submitted": "auto-generated"})


def run_letter(mail: RunMail) -> EmailMultiAlternatives:
    """That a month's end is over: how many companies came to what, and where the bundle is."""
    language = mail.user.language or settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(BILLING_ZONE):
        month = date_format(mail.run.month, "YEAR_MONTH_FORMAT")
        context = {
            "heading": _("The month-end run of %(month)s is over") % {"month": month},
            "counts": [(ClosingStep.State(state).label, count) for state, count in mail.counts.items()],
            "ended": mail.created_at,
            "zone": BILLING_ZONE.key,
            "url": settings.PORTAL_URL + reverse("admin:billing_closingrun_change", args=[mail.run_id]),
            "readers_url": settings.PORTAL_URL + reverse("admin:billing_closingrun_mail_me"),
        }
        return _message("run", context, mail.user.email, _headers(mail.name))


def _files(statement: Statement, forms: Sequence[str], language: str) -> tuple[list[MIMEBase], list[str]]:
    """Each that fits, the PDF first; and the forms that do not fit."""
    document, room = document_of(statement), MOST_BYTES
    files, left_out = [], []
    for form in (form for form in FORMS if form in forms):
        content = file_of(document, form, language)
        if len(content) > room:
            left_out.append(form)
            continue
        room -= len(content)
        files.append(_attachment(filename(document, form), content, CONTENT_TYPES[form]))
    return files, left_out


def _attachment(name: str, content: bytes, content_type: str) -> MIMEBase:
    """To the byte as it is downloaded: text would be given other line ends on its way."""
    part = MIMEBase("application", "octet-stream")
    part.replace_header("Content-Type", content_type)
    part.set_payload(content)
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _message(name: str, context: dict[str, Any], to: str, headers: dict[str, str]) -> EmailMultiAlternatives:
    context = context | {"language": translation.get_language()}
    message = EmailMultiAlternatives(
        subject_line(context["heading"]),
        render_to_string(f"billing/mail/{name}.txt", context),
        to=[to],
        headers=headers,
    )
    message.attach_alternative(render_to_string(f"billing/mail/{name}.html", context), "text/html")
    return message


def _headers(name: UUID) -> dict[str, str]:
    return {
        "Message-ID": message_id(name),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def _said(forms: Iterable[str]) -> str:
    return ", ".join(form.upper() for form in forms)
