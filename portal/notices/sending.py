"""Sending mails about notices: claimed under a lease and committed before the mail server is spoken to.

A worker that dies in between leaves the claim; after the lease the same mail leaves again, with the same Message-ID. A mail
server that is away delays and loses nothing.
"""

import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from portal.notices.letters import letter
from portal.notices.models import Delivery
from portal.notices.registry import Mail
from portal.tenancy.models import Membership
from portal.tenancy.scope import tenant_scope
from portal.turns import due

logger = logging.getLogger(__name__)

# Longer than a mail server may take (EMAIL_TIMEOUT for each step of a short dialogue).
LEASE = timedelta(minutes=3)
FIRST_REPEAT, LONGEST_REPEAT = timedelta(minutes=1), timedelta(hours=1)
# Every process leaves a mail server that did not answer alone for so long (seconds).
REST = 30
AWAY = "notices:mail-server-away"
OF_THE_SERVER = (
    smtplib.SMTPServerDisconnected,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
)
State = Delivery.State


@dataclass(frozen=True)
class Envelope:
    """One mail that this worker alone may send now, and the deliveries it is for."""

    tenant_id: int
    name: UUID
    deliveries: list[int]
    message: EmailMessage


def due_letters() -> list[tuple[int, int]]:
    """(tenant, delivery) of what may be mailed now, over all active tenants in turn; nothing while the server is away."""
    return [] if cache.get(AWAY) else due(Delivery)


def send(tenant_id: int, delivery_id: int) -> None:
    """Send the mail that this delivery belongs into, unless it was sent, is being sent, or need not be sent any more."""
    if cache.get(AWAY):
        return
    envelope = claim(tenant_id, delivery_id)
    if envelope is None:
        return
    try:
        envelope.message.send()
    except smtplib.SMTPRecipientsRefused as error:
        _not_taken(envelope, for_good=all(code >= 500 for code, _text in error.recipients.values()))
    except (OSError, ValueError) as error:
        # Neither text nor addressee: a mail tells about a tenant.
        logger.error("mail %s could not be sent: %s", envelope.name, type(error).__name__)
        if _server_is_away(error):
            cache.set(AWAY, True, REST)
        _not_taken(envelope, for_good=isinstance(error, ValueError))
    else:
        _note(envelope, mail=State.SENT, mailed_at=Now(), due_at=None)


def _server_is_away(error: Exception) -> bool:
    """Will it fail for every other mail as well, rather than for what is in this one? Errors of smtplib are OSErrors."""
    if isinstance(error, smtplib.SMTPException):
        return isinstance(error, OF_THE_SERVER)
    return isinstance(error, OSError)


# --- What goes into one mail --------------------------------------------------------------------------------------


def claim(tenant_id: int, delivery_id: int) -> Envelope | None:
    """Take this delivery and those that go with it for this worker alone. Committed when it returns."""
    with tenant_scope(tenant_id):
        user_id = _waiting(pk=delivery_id).values_list("user_id", flat=True).first()
        if user_id is None:
            return None
        # Mails to one person are put together one after the other; whoever has left gets none.
        member = (
            Membership.objects.select_for_update(of=("self",))
            .select_related("user", "tenant")
            .filter(user_id=user_id, user__is_active=True)
            .first()
        )
        if member is None:
            _drop(Delivery.objects.to_be_mailed().filter(user_id=user_id))
            return None
        return _fill(member, delivery_id)


def _waiting(**more: object) -> QuerySet[Delivery]:
    """Due, not being sent just now, and of an active tenant."""
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    return Delivery.objects.to_be_mailed().filter(free, due_at__lte=Now(), tenant__state="active", **more)


def _fill(member: Membership, delivery_id: int) -> Envelope | None:
    first = _waiting(pk=delivery_id).first()
    if first is None:
        return None
    rows = list(_companions(first).select_related("notice").order_by("-pk"))
    worth = [row for row in rows if _worth_mailing(row, member)]
    _drop(Delivery.objects.filter(pk__in={row.pk for row in rows} - {row.pk for row in worth}))
    if not worth:
        return None
    name, pks = first.letter or uuid4(), [row.pk for row in worth]
    Delivery.objects.filter(pk__in=pks).update(letter=name, lease_until=Now() + LEASE, attempts=F("attempts") + 1)
    message = letter(member.user, member.tenant, [row.notice for row in worth], Mail(first.plan), name)
    return Envelope(member.tenant_id, name, pks, message)


def _companions(first: Delivery) -> QuerySet[Delivery]:
    """Once tried, a mail stays as it was. A new one takes all that is to be told at once, or all of the digest's day."""
    same = Delivery.objects.to_be_mailed().filter(user_id=first.user_id, plan=first.plan, letter=first.letter)
    return same.filter(due_at__lte=Now()) if first.plan == Mail.DAILY else same


def _worth_mailing(row: Delivery, member: Membership) -> bool:
    """What is over already needs no mail of its own; and a person may have lost the role since."""
    kind = row.notice.spec
    if kind is None or member.role not in kind.roles:
        return False
    return row.plan == Mail.DAILY or not row.notice.over


def _drop(rows: QuerySet[Delivery]) -> None:
    rows.update(mail=State.DROPPED, due_at=None, lease_until=None)


# --- What became of it --------------------------------------------------------------------------------------------


def _not_taken(envelope: Envelope, *, for_good: bool = False) -> None:
    """Later again, ever less often; given up when the mailbox is refused, or after days."""
    with tenant_scope(envelope.tenant_id):
        rows = list(Delivery.objects.filter(pk__in=envelope.deliveries).select_related("notice"))
    if for_good or _too_old(rows):
        _note(envelope, mail=State.FAILED, due_at=None)
    else:
        _note(envelope, due_at=Now() + pause(max(row.attempts for row in rows)))


def _too_old(rows: Sequence[Delivery]) -> bool:
    limit = timezone.now() - timedelta(days=settings.NOTICE_GIVE_UP_DAYS)
    return all(row.notice.happened_at < limit for row in rows)


def pause(attempts: int) -> timedelta:
    """Before the next attempt: a minute after the first one, doubling up to an hour."""
    return min(FIRST_REPEAT * 2 ** min(attempts - 1, 10), LONGEST_REPEAT)


def _note(envelope: Envelope, **change: object) -> None:
    """Only where this mail is still the one: somebody slower may have sent it after our lease."""
    with tenant_scope(envelope.tenant_id):
        rows = Delivery.objects.to_be_mailed().filter(pk__in=envelope.deliveries, letter=envelope.name)
        rows.update(lease_until=None, **change)
