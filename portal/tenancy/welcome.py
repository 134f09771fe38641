"""What the browser of an invited person remembers between the link in the mail and the place it leads to."""

from django.http import HttpRequest

from portal.tenancy.invitations import find_invitation, tenant_of
from portal.tenancy.models import Invitation
from portal.tenancy.refusals import InvitationGone
from portal.tenancy.scope import tenant_scope

SESSION_KEY = "invitation"


def remember_invitation(request: HttpRequest, token: str, invitation: Invitation) -> None:
    """Whoever has the link reads the mailbox, so signing up as that address needs no further proof."""
    from allauth.account.adapter import get_adapter

    request.session[SESSION_KEY] = token
    get_adapter(request).stash_verified_email(request, invitation.email)


def forget_invitation(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)


def invited_address(request: HttpRequest) -> str | None:
    """The address whose open invitation this browser followed; None without one."""
    token = request.session.get(SESSION_KEY)
    if token is None:
        return None
    try:
        with tenant_scope(tenant_of(token)):
            return find_invitation(token).email
    except InvitationGone:
        return None
