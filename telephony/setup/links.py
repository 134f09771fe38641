"""Setup links: made and mailed by an admin, opened once by whoever holds them, revoked.

The link's secret is 256 bits; only its SHA-256 is kept. A request without a sign-in finds the link's tenant by that
digest in staff scope, and does the rest in the tenant's own.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from portal.audit.context import request_context
from portal.audit.trail import record
from portal.tenancy.scope import staff_scope, tenant_scope
from telephony.models import SipAccount
from telephony.setup.models import SetupLink
from telephony.setup.refusals import LinkGone, LinkOver, NothingToShow, TooManySetupLinks

LINK_LIFE = timedelta(days=3)
# Whoever is named by mistake is not written to again and again.
LINKS_A_DAY = 10
# A program that follows a dead link again and again is on record once in so many seconds.
ATTEMPT_NOTED_SECONDS = 3_600


@dataclass(frozen=True)
class Issued:
    """A link with the token that its mail carries."""

    link: SetupLink
    token: str


@transaction.atomic
def make_link(account: SipAccount, email: str, *, language: str, acting_user: Any) -> Issued:
    """A link for whoever reads `email`; one that was not opened yet ends. Its mail is another matter (`letter`).

    Raises NothingToShow, TooManySetupLinks.
    """
    account = SipAccount.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=account.pk)
    if not _shows_something(account):
        raise NothingToShow
    now = timezone.now()
    if SetupLink.objects.filter(account=account, made_at__gt=now - timedelta(days=1)).count() >= LINKS_A_DAY:
        raise TooManySetupLinks
    SetupLink.objects.filter(account=account).unopened().update(revoked_at=now, revoked_by=acting_user)
    secret = secrets.token_urlsafe(32)
    link = SetupLink.objects.create(
        tenant_id=account.tenant_id,
        account=account,
        secret_digest=_digest(secret),
        sent_to=email.lower(),
        language=language,
        made_by=acting_user,
        made_at=now,
        expires_at=now + LINK_LIFE,
    )
    link.tenant = account.tenant
    record("telephony.setup_link_sent", account, after=_told(link), acting_user=acting_user)
    return Issued(link, secret)


@transaction.atomic
def revoke_link(link: SetupLink, *, acting_user: Any) -> SetupLink:
    """Make a link show nothing any more. Raises LinkOver for one that shows nothing already."""
    link = _locked(link.pk)
    if link.condition != "link_unopened":
        raise LinkOver
    link.revoked_at, link.revoked_by = timezone.now(), acting_user
    link.save(update_fields=["revoked_at", "revoked_by"])
    record("telephony.setup_link_revoked", link.account, after=_told(link), acting_user=acting_user)
    return link


def note_mailed(link: SetupLink) -> None:
    """The mail server took the link's mail. In a transaction of its own, since it happens after the link's."""
    with tenant_scope(link.tenant_id):
        SetupLink.objects.filter(pk=link.pk).update(mailed_at=timezone.now())


# --- By whoever holds the link ------------------------------------------------------------------------------------


def find_link(token: str) -> SetupLink:
    """The link that a token opens, without opening it. Raises LinkGone."""
    tenant_id, pk = _place_of(token)
    with tenant_scope(tenant_id):
        return _openable(_with_account().get(pk=pk))


def open_link(token: str) -> tuple[SetupLink, str]:
    """The link with its account, and the account's password in clear: once. Raises LinkGone."""
    tenant_id, pk = _place_of(token)
    with tenant_scope(tenant_id):
        link = _openable(_locked(pk))
        link.opened_at, link.opened_from = timezone.now(), request_context().ip_address
        link.save(update_fields=["opened_at", "opened_from"])
        record("telephony.setup_link_opened", link.account, after=_told(link), acting_user=None)
        return link, link.account.password.reveal()


def note_attempt(token: str) -> None:
    """Put on record that somebody came with a link that shows nothing any more. A token that never was is nobody's matter."""
    try:
        tenant_id, pk = _place_of(token)
    except LinkGone:
        return
    if cache.add(f"dead-setup-link:{_digest(token)}", 1, ATTEMPT_NOTED_SECONDS):
        with tenant_scope(tenant_id):
            link = _with_account().get(pk=pk)
            told = _told(link) | {"link": link.condition, "account": link.account.state}
            record("telephony.setup_link_tried", link.account, after=told, acting_user=None)


def _place_of(token: str) -> tuple[int, int]:
    with staff_scope():
        found = SetupLink.objects.filter(secret_digest=_digest(token)).values_list("tenant_id", "pk").first()
    if found is None:
        raise LinkGone
    return found


def _openable(link: SetupLink) -> SetupLink:
    if link.condition != "link_unopened" or link.tenant.suspended or not _shows_something(link.account):
        raise LinkGone
    return link


def _shows_something(account: SipAccount) -> bool:
    return account.state == SipAccount.State.ACTIVE and bool(account.password)


def _with_account() -> Any:
    return SetupLink.objects.select_related("account", "tenant")


def _locked(pk: int) -> SetupLink:
    return _with_account().select_for_update(of=("self",)).get(pk=pk)


def _told(link: SetupLink) -> dict[str, Any]:
    return {"email": link.sent_to, "until": link.expires_at.isoformat()}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
