"""How people come in: offered by e-mail, accepted by the link in the mail.

The token names its tenant and is signed, so that the tenant's scope can be entered before the invitation is looked for.
Only a digest is kept: whoever reads the database cannot accept. The link goes to the mailbox and is shown to nobody.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone

from portal.audit.trail import record
from portal.tenancy.authority import lock_people, require_authority_over
from portal.tenancy.models import INVITATION_LIFE, Invitation, Membership, Role, Tenant
from portal.tenancy.refusals import AlreadyInvited, AlreadyMember, InvitationGone, InvitedSomebodyElse
from portal.tenancy.scope import tenant_scope

SALT = "portal.tenancy.invitation"


@dataclass(frozen=True)
class Issued:
    """An invitation with the token that its mail carries."""

    invitation: Invitation
    token: str


@transaction.atomic
def invite(tenant: Tenant, email: str, role: Role, *, acting_user: Any) -> Issued:
    """Offer a place. Raises OwnersOnly, AdminsOnly, AlreadyMember, AlreadyInvited. Its mail is another matter (`mail`)."""
    lock_people(tenant.pk)
    require_authority_over({role}, tenant.pk, acting_user)
    email = email.lower()
    if _belongs(tenant.pk, email):
        raise AlreadyMember
    if Invitation.objects.unanswered().filter(tenant=tenant, email=email).exists():
        raise AlreadyInvited
    issued = _issue(Invitation(tenant=tenant, email=email, role=role, invited_by=acting_user))
    record(
        "tenancy.invited",
        issued.invitation,
        after={"email": email, "role": str(role)},
        acting_user=acting_user,
    )
    return issued


@transaction.atomic
def resend(invitation: Invitation, *, acting_user: Any) -> Issued:
    """Give an unanswered invitation a new link and its full time again; the old link ends.

    Raises InvitationGone, OwnersOnly, AdminsOnly.
    """
    invitation = _unanswered(invitation)
    require_authority_over({invitation.role}, invitation.tenant_id, acting_user)
    issued = _issue(invitation)
    record("tenancy.invitation_resent", invitation, acting_user=acting_user)
    return issued


@transaction.atomic
def withdraw(invitation: Invitation, *, acting_user: Any) -> Invitation:
    """Take an unanswered invitation back. Raises InvitationGone, OwnersOnly, AdminsOnly."""
    invitation = _unanswered(invitation)
    require_authority_over({invitation.role}, invitation.tenant_id, acting_user)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    record("tenancy.invitation_withdrawn", invitation, acting_user=acting_user)
    return invitation


def accept_invitation(token: str, *, acting_user: Any) -> Membership:
    """Take the place that the token offers: once, and only as the person it was offered to.

    Raises InvitationGone, InvitedSomebodyElse, AlreadyMember.
    """
    with tenant_scope(tenant_of(token)):
        lock_people(tenant_of(token))
        invitation = find_invitation(token)
        if not has_verified(acting_user, invitation.email):
            raise InvitedSomebodyElse
        if Membership.objects.filter(tenant_id=invitation.tenant_id, user=acting_user).exists():
            raise AlreadyMember
        invitation.accepted_at, invitation.accepted_by = timezone.now(), acting_user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        member = Membership.objects.create(tenant=invitation.tenant, user=acting_user, role=invitation.role)
        record(
            "tenancy.invitation_accepted",
            member,
            after={"person": acting_user.email, "role": str(member.role)},
            acting_user=acting_user,
        )
        return member


def tenant_of(token: str) -> int:
    """The tenant that a token names. Raises InvitationGone."""
    return _read(token)[0]


def find_invitation(token: str) -> Invitation:
    """The open invitation that a token stands for; needs the scope of its tenant. Raises InvitationGone."""
    tenant_id, invitation_id, secret = _read(token)
    query = Invitation.objects.select_related("tenant", "invited_by")
    invitation = query.filter(pk=invitation_id, tenant_id=tenant_id).first()
    if invitation is None or not hmac.compare_digest(invitation.token_digest, _digest(secret)):
        raise InvitationGone("unknown")
    if invitation.state != "invited":
        raise InvitationGone(invitation.state, invitation)
    if invitation.tenant.suspended:
        raise InvitationGone("suspended", invitation)
    return invitation


def has_verified(user: Any, email: str) -> bool:
    """Has this person shown to receive mail at `email`?"""
    return user.emailaddress_set.filter(email__iexact=email, verified=True).exists()


def note_mailed(invitation: Invitation) -> None:
    """The mail server took the invitation's mail. In a transaction of its own, since it happens after the invitation's."""
    with tenant_scope(invitation.tenant_id):
        Invitation.objects.filter(pk=invitation.pk).update(mailed_at=timezone.now())


def _belongs(tenant_id: int, email: str) -> bool:
    return Membership.objects.filter(tenant_id=tenant_id, user__email__iexact=email).exists()


def _unanswered(invitation: Invitation) -> Invitation:
    lock_people(invitation.tenant_id)
    invitation = Invitation.objects.select_related("tenant", "invited_by").get(pk=invitation.pk)
    if invitation.state in ("accepted", "revoked"):
        raise InvitationGone(invitation.state, invitation)
    return invitation


def _issue(invitation: Invitation) -> Issued:
    secret = secrets.token_urlsafe(32)
    invitation.token_digest = _digest(secret)
    invitation.expires_at = timezone.now() + INVITATION_LIFE
    invitation.mailed_at = None
    invitation.save()
    return Issued(invitation, signing.dumps([invitation.tenant_id, invitation.pk, secret], salt=SALT))


def _read(token: str) -> tuple[int, int, str]:
    try:
        tenant_id, invitation_id, secret = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise InvitationGone("unknown") from None
    return tenant_id, invitation_id, secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
