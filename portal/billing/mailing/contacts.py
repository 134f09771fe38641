"""Whom a company wants its statements mailed to, and the link by which an address is confirmed or leaves the list.

A statement is confidential, so nothing is sent to an address before who reads it has said yes. The link's token names its
tenant and is signed; only a digest of its secret is kept, and the first use ends it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone

from portal.audit.trail import record
from portal.billing.locking import lock_billing
from portal.billing.mailing import refusals
from portal.billing.mailing.models import FORMS, ON_THE_WAY, BillingContact, StatementMail
from portal.billing.notices import contact_over, contact_withdrawn
from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope

SALT, STOPPING_SALT = "portal.billing.contact", "portal.billing.contact.stop"
LINK_LIFE = timedelta(days=7)
MOST_CONTACTS = 10
# Whoever is named by mistake is not written to again and again.
LINKS_A_DAY, LINKS_EACH = 30, 5
BETWEEN_LINKS = timedelta(minutes=5)
State = BillingContact.State


@dataclass(frozen=True)
class Issued:
    """A contact with the token that its mail carries."""

    contact: BillingContact
    token: str


@transaction.atomic
def add_contact(tenant: Tenant, email: str, *, language: str, forms: Sequence[str], acting_user: Any) -> Issued:
    """Put an address on the list, to be confirmed by the link that is issued. Its mail is another matter.

    Raises TooManyContacts, TooManyLinks, ContactKnown.
    """
    lock_billing(tenant.pk)
    email = email.lower()
    standing = BillingContact.objects.standing().filter(tenant=tenant)
    if standing.filter(email=email).exists():
        raise refusals.ContactKnown
    if standing.count() >= MOST_CONTACTS:
        raise refusals.TooManyContacts
    contact = BillingContact(tenant=tenant, email=email, language=language, forms=_known(forms), added_by=acting_user)
    issued = _issue(contact)
    record("billing.contact_added", contact, after={"email": email, **_told(contact)}, acting_user=acting_user)
    return issued


@transaction.atomic
def change_contact(
    contact: BillingContact, *, language: str, forms: Sequence[str], active: bool, acting_user: Any
) -> BillingContact:
    """Other files, another language, or no statements for now. Writes nothing when all is as it was. Raises ContactGone."""
    contact = _standing(contact)
    before = _told(contact)
    contact.language, contact.forms, contact.active = language, _known(forms), active
    if _told(contact) == before:
        return contact
    contact.save(update_fields=["language", "forms", "active"])
    record("billing.contact_changed", contact, before=before, after=_told(contact), acting_user=acting_user)
    return contact


@transaction.atomic
def send_link_again(contact: BillingContact, *, acting_user: Any) -> Issued:
    """A new link for an address that is not confirmed; the one before ends.

    Raises ContactGone, AlreadyConfirmed, LinkJustMailed, TooManyLinks.
    """
    contact = _standing(contact)
    if contact.confirmed:
        raise refusals.AlreadyConfirmed
    if contact.link_asked_at and contact.link_asked_at > timezone.now() - BETWEEN_LINKS:
        raise refusals.LinkJustMailed
    issued = _issue(contact)
    record("billing.contact_asked_again", contact, acting_user=acting_user)
    return issued


@transaction.atomic
def remove_contact(contact: BillingContact, *, acting_user: Any) -> BillingContact:
    """Take an address off the list; what waits for it is not sent. Raises ContactGone."""
    contact = _standing(contact)
    _end(contact, State.REMOVED)
    record("billing.contact_removed", contact, acting_user=acting_user)
    return contact


def note_link_mailed(contact: BillingContact) -> None:
    """The mail server took the link's mail; in a transaction of its own."""
    with tenant_scope(contact.tenant_id):
        BillingContact.objects.filter(pk=contact.pk).update(link_mailed_at=timezone.now())


# --- By whom reads the address -------------------------------------------------------------------------------------


def confirm(token: str) -> BillingContact:
    """Who holds the link reads the address, and wants the statements. Once. Raises LinkGone."""
    with tenant_scope(tenant_of(token)):
        lock_billing(tenant_of(token))
        contact = found_by(token)
        if contact.confirmed:
            raise refusals.LinkGone("used")
        contact.state, contact.confirmed_at, contact.link_digest = State.CONFIRMED, timezone.now(), ""
        contact.save(update_fields=["state", "confirmed_at", "link_digest"])
        record("billing.contact_confirmed", contact, acting_user=None)
    return contact


def withdraw(token: str) -> BillingContact:
    """Who holds a statement's mail, or the link to confirm, wants none (any more). Once. Raises LinkGone."""
    with tenant_scope(tenant_of(token)):
        lock_billing(tenant_of(token))
        contact = found_by(token)
        _end(contact, State.WITHDRAWN)
        record("billing.contact_withdrawn", contact, acting_user=None)
        contact_withdrawn(contact.tenant_id, contact.pk, contact.email)
    return contact


def stopping_token(contact: BillingContact) -> str:
    """For the foot of each mail. It works as long as the address is on the list."""
    return signing.dumps([contact.tenant_id, contact.pk], salt=STOPPING_SALT)


def tenant_of(token: str) -> int:
    """The tenant that a token names. Raises LinkGone."""
    return _read(token)[0]


def found_by(token: str) -> BillingContact:
    """The contact that a token may confirm or stop; needs the scope of its tenant. Raises LinkGone."""
    tenant_id, contact_id, secret = _read(token)
    contact = BillingContact.objects.select_related("tenant").filter(pk=contact_id, tenant_id=tenant_id).first()
    if contact is None:
        raise refusals.LinkGone("unknown")
    if contact.tenant.suspended:
        raise refusals.LinkGone("suspended")
    if secret is None:
        if contact.state != State.CONFIRMED:
            raise refusals.LinkGone("used")
    else:
        _check_secret(contact, secret)
    return contact


def _check_secret(contact: BillingContact, secret: str) -> None:
    if contact.state != State.ASKED or not hmac.compare_digest(contact.link_digest, _digest(secret)):
        raise refusals.LinkGone("used")
    if contact.link_over:
        raise refusals.LinkGone("expired")


# --- The parts -----------------------------------------------------------------------------------------------------


def _standing(contact: BillingContact) -> BillingContact:
    """The row as it is now, nobody else changing it. Raises ContactGone."""
    lock_billing(contact.tenant_id)
    fresh = BillingContact.objects.standing().filter(pk=contact.pk).first()
    if fresh is None:
        raise refusals.ContactGone
    return fresh


def _end(contact: BillingContact, state: BillingContact.State) -> None:
    contact.state, contact.link_digest, contact.active = state, "", False
    contact.save(update_fields=["state", "link_digest", "active"])
    # One that is being sent this moment cannot be called back.
    waiting = StatementMail.objects.filter(contact=contact, state=ON_THE_WAY[0])
    waiting.update(state=StatementMail.State.DROPPED, due_at=None, lease_until=None, ended_at=timezone.now())
    contact_over(contact.tenant_id, contact.pk)


def _issue(contact: BillingContact) -> Issued:
    now, secret = timezone.now(), secrets.token_urlsafe(32)
    today = BillingContact.objects.filter(tenant_id=contact.tenant_id, link_asked_at__gt=now - timedelta(days=1))
    if today.count() >= LINKS_A_DAY or contact.links_asked >= LINKS_EACH:
        raise refusals.TooManyLinks
    contact.link_digest, contact.link_asked_at, contact.link_mailed_at = _digest(secret), now, None
    contact.link_expires_at, contact.links_asked = now + LINK_LIFE, contact.links_asked + 1
    contact.save()
    return Issued(contact, signing.dumps([contact.tenant_id, contact.pk, secret], salt=SALT))


def _read(token: str) -> tuple[int, int, str | None]:
    """The secret is None in a token that only stops."""
    for salt in (SALT, STOPPING_SALT):
        try:
            tenant_id, contact_id, *secret = signing.loads(token, salt=salt)
        except signing.BadSignature:
            continue
        return tenant_id, contact_id, secret[0] if secret else None
    raise refusals.LinkGone("unknown")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _known(forms: Sequence[str]) -> list[str]:
    return [form for form in FORMS if form in forms]


def _told(contact: BillingContact) -> dict[str, Any]:
    return {"language": contact.language, "forms": contact.forms_said, "active": contact.active}
