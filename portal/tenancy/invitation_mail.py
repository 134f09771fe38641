"""The mail that carries an invitation's link."""

from django.contrib import messages
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.tenancy.invitations import Issued, note_mailed
from portal.tenancy.mail import send_after_commit
from portal.tenancy.models import Invitation


def mail_invitation(request: HttpRequest, issued: Issued) -> None:
    """Send it after commit, with a link to the host that the request came to; tell the person if that fails."""
    url = request.build_absolute_uri(reverse("invitation", args=[issued.token]))
    invitation = issued.invitation
    send_after_commit(
        invitation_mail(issued, url),
        failed=lambda: _say_not_mailed(request, invitation),
        sent=lambda: note_mailed(invitation),
    )


def invitation_mail(issued: Issued, url: str) -> EmailMessage:
    """Who invites whom into what, as what, until when; as text and as HTML, in the tenant's language."""
    invitation, tenant = issued.invitation, issued.invitation.tenant
    # Templates write times in the zone that is active, whatever zone the value has.
    with translation.override(tenant.language), timezone.override(tenant.zone):
        context = {"tenant": tenant, "invitation": invitation, "ends": invitation.expires_at, "url": url}
        sentence = _("%(who)s invites you to %(company)s on Patchbay")
        # A name with a line end in it must not become a header.
        subject = " ".join((sentence % {"who": invitation.invited_by, "company": tenant.name}).split())
        text = render_to_string("tenancy/mail/invitation.txt", context)
        message = EmailMultiAlternatives(subject, text, to=[invitation.email])
        message.attach_alternative(render_to_string("tenancy/mail/invitation.html", context), "text/html")
    return message


def _say_not_mailed(request: HttpRequest, invitation: Invitation) -> None:
    sentence = _("The invitation of %(email)s stands, but the mail server did not take its mail. Send it again later.")
    messages.error(request, sentence % {"email": invitation.email})
