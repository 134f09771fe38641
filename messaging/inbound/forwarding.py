"""Passing inbound messages on, by mail or to an address of the company: tried for a day, then given up with a notice.

What is posted is signed (X-Patchbay-Signature: hex HMAC-SHA256 of the raw body, with the number's own secret). An answer that
is lost has it posted again, under the same X-Patchbay-Delivery.
"""

import hmac
import json
import secrets
import smtplib
from datetime import timedelta

from django.core.mail import EmailMessage
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from messaging.inbound import notices
from messaging.models import Forward, InboundMessage, VirtualNumber
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.fetching import NotFetched, post

LEASE, GIVE_UP_AFTER, LONGEST_WAIT = timedelta(seconds=60), timedelta(days=1), timedelta(hours=1)
FIRST_WAIT = 30.0
MOST_AT_ONCE = 100


class NotForwarded(Exception):
    """`str()` says why, for people."""


def due() -> list[tuple[int, int]]:
    """(tenant, forwarding) of what is to be tried now; all tenants."""
    with staff_scope():
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        waiting = Forward.objects.filter(free, state=Forward.State.WAITING, due_at__lte=Now(), tenant__state="active")
        return list(waiting.order_by("due_at").values_list("tenant_id", "pk")[:MOST_AT_ONCE])


def forward(tenant_id: int, pk: int) -> None:
    """Try once, unless somebody else does. No transaction is open while the mail or the post leaves."""
    found = _claim(tenant_id, pk)
    if found is None:
        return
    try:
        _send(found)
    except NotForwarded as flaw:
        _again_or_never(found, str(flaw))
    else:
        _end(found, Forward.State.DONE, "")


def _claim(tenant_id: int, pk: int) -> Forward | None:
    with tenant_scope(tenant_id):
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        mine = Forward.objects.filter(free, pk=pk, state=Forward.State.WAITING, due_at__lte=Now())
        if not mine.update(lease_until=Now() + LEASE, tries=F("tries") + 1):
            return None
        return Forward.objects.select_related("inbound__to", "tenant").get(pk=pk)


def _send(found: Forward) -> None:
    """Raises NotForwarded."""
    if found.way == Forward.Way.MAIL:
        _mail(found)
    else:
        _post(found)


def _mail(found: Forward) -> None:
    message = found.inbound
    with translation.override(found.tenant.language):
        subject = _("SMS from %(sender)s to %(number)s") % {"sender": message.sender, "number": message.to}
        mail = EmailMessage(" ".join(subject.split()), message.text, to=[found.target])
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as flaw:
        raise NotForwarded(_("The mail server did not take it (%(why)s).") % {"why": type(flaw).__name__}) from None


def _post(found: Forward) -> None:
    body = json.dumps(told(found.inbound), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Patchbay-Delivery": str(found.pk),
        "X-Patchbay-Signature": hmac.digest(secret_of(found.inbound.to).encode(), body, "sha256").hex(),
    }
    try:
        post(found.target, body, headers)
    except NotFetched as flaw:
        raise NotForwarded(str(flaw)) from None


def told(message: InboundMessage) -> dict[str, str]:
    """An inbound message as it is posted; times are ISO 8601 in UTC."""
    return {
        "id": str(message.pk),
        "from": message.sender,
        "to": message.to.number,
        "text": message.text,
        "sent_at": message.sent_at.isoformat() if message.sent_at else "",
        "received_at": message.received_at.isoformat(),
        "stop_word": message.stop_word,
    }


def secret_of(number: VirtualNumber) -> str:
    return number.forward_secret.reveal()


def give_secret(number: VirtualNumber) -> None:
    """One of its own, where it has none yet. Not saved."""
    if not number.forward_secret:
        number.forward_secret = secrets.token_urlsafe(32)


def _again_or_never(found: Forward, why: str) -> None:
    if timezone.now() - found.inbound.received_at > GIVE_UP_AFTER:
        _end(found, Forward.State.GIVEN_UP, why)
        return
    wait = min(timedelta(seconds=FIRST_WAIT * 2 ** min(found.tries - 1, 12)), LONGEST_WAIT)
    with tenant_scope(found.tenant_id):
        Forward.objects.filter(pk=found.pk).update(due_at=Now() + wait, lease_until=None, error=why[:300])


def _end(found: Forward, state: str, why: str) -> None:
    with tenant_scope(found.tenant_id):
        Forward.objects.filter(pk=found.pk).update(state=state, lease_until=None, error=why[:300])
        if state == Forward.State.GIVEN_UP:
            notices.given_up(found)
        else:
            notices.passed_on(found)
