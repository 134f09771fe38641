"""The mail that carries a setup link."""

from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.notices.letters import subject_line
from telephony.setup.links import Issued


def setup_letter(request: HttpRequest, issued: Issued) -> EmailMultiAlternatives:
    """Who sends it, what it opens, until when; in the link's language. The link leads to the host that `request` came to."""
    link = issued.link
    with translation.override(link.language), timezone.override(link.tenant.zone):
        heading = _("Set up your telephone for %(company)s") % {"company": link.tenant.name}
        context = {
            "heading": heading,
            "link": link,
            "tenant": link.tenant,
            "ends": link.expires_at,
            "url": request.build_absolute_uri(reverse("phone_setup", args=[issued.token])),
            "language": link.language,
        }
        message = EmailMultiAlternatives(
            subject_line(heading),
            render_to_string("telephony/mail/setup.txt", context),
            to=[link.sent_to],
            headers={"Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(render_to_string("telephony/mail/setup.html", context), "text/html")
    return message
