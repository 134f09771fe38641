"""What became of a refresh whose answer is missing: nothing at the vendor, or a grant that is lost.

One harmless read with the old access token tells: a refresh kills it at once. If it lives, nothing was refreshed, and another
refresh may be sent. If it was over by itself, the vendor is asked by one more refresh, once: either it works, or its refusal is
the proof. Otherwise, and when nobody can tell in time, the grant is lost and people are told.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from functools import partial

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.sentences import Sentence
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.tenancy.sealing import SealBroken
from portal.vendors.errors import VendorCredentialsRejected, VendorError, VendorProtocolError, VendorRefused
from portal.vendors.http import CallRecord, Limits, Redactor
from portal.vendors.line import Line
from portal.vendors.models import Connection
from realtime.client import AccessDenied, KwebblClient
from realtime.grants import times
from realtime.grants.ending import lose
from realtime.grants.models import Grant

AT_ONCE = 200
ANSWER_LOST = gettext_noop("New tokens were asked for and the vendor's answer was lost, so the old ones are dead.")
UNTOLD = gettext_noop("New tokens were asked for, no answer came, and the vendor could not be asked what became of it.")


class Verdict(Enum):
    """What a read with the old token tells."""

    ALIVE = "alive"
    DEAD = "dead"
    OVER = "over"
    UNTOLD = "untold"


def doubtful_grants() -> list[tuple[int, int]]:
    """(tenant, grant) of all tenants whose refresh was sent and whose answer is overdue.

    Of suspended ones as well: the old token tells only as long as it lives, and the refresh was sent before.
    """
    with staff_scope():
        rows = _doubtful(Grant.objects.all()).order_by("refresh_sent_at")
        return list(rows.values_list("tenant_id", "pk")[:AT_ONCE])


def settle(tenant_id: int, grant_id: int) -> None:
    """Find out what became of the refresh. Does nothing while its answer may still come, or somebody else looks."""
    with tenant_scope(tenant_id):
        rows = Grant.objects.filter(pk=grant_id)
        mine = _doubtful(rows).update(renewing_until=Now() + times.look_lease())
        grant = rows.select_related("connection").first()
    if not mine or grant is None:
        return
    verdict = _look(grant)
    with tenant_scope(tenant_id):
        _conclude(grant, verdict)


def _conclude(grant: Grant, verdict: Verdict) -> None:
    """Of the very refresh that was looked at: an answer that came meanwhile counts more."""
    same = Grant.objects.filter(
        pk=grant.pk, generation=grant.generation, renewer=grant.renewer, refresh_sent_at=grant.refresh_sent_at
    )
    match verdict:
        case Verdict.ALIVE:
            _allow_another(same, times.rest_after(grant.refresh_failures))
        case Verdict.OVER if grant.doubted_generation != grant.generation:
            _allow_another(same, timedelta(), doubted_generation=grant.generation)
        case Verdict.UNTOLD if timezone.now() - _sent_at(grant) < times.patience():
            same.update(renewing_until=Now())
        case Verdict.UNTOLD:
            lose(same, Sentence(UNTOLD))
        case _:
            lose(same, Sentence(ANSWER_LOST))


def _allow_another(same: QuerySet[Grant], rest: timedelta, **noted: int) -> None:
    same.update(
        refresh_sent_at=None,
        renewer=None,
        renewing_until=Now() + rest,
        refresh_due_at=Now() + rest,
        refresh_failures=F("refresh_failures") + 1,
        **noted,
    )


def _sent_at(grant: Grant) -> datetime:
    return grant.refresh_sent_at or timezone.now()


def _doubtful(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    overdue = Q(renewing_until=None) | Q(renewing_until__lte=Now())
    return grants.filter(overdue, state=Grant.State.ACTIVE, refresh_sent_at__isnull=False)


def _look(grant: Grant) -> Verdict:
    connection = grant.connection
    if _over(grant):
        return Verdict.OVER
    if not connection.enabled:
        return Verdict.UNTOLD
    line = Line(connection, tokens=partial(_OldToken, grant), within=times.look_limits())
    verdict = _ask(KwebblClient(line.http))
    with tenant_scope(grant.tenant_id):
        # Whether the connection is well is told by calls of its own.
        line.close(VendorError("The old token was looked at"))
    return Verdict.OVER if verdict is Verdict.DEAD and _over(grant) else verdict


def _over(grant: Grant) -> bool:
    return grant.access_expires_at is None or grant.access_expires_at <= timezone.now()


def _ask(client: KwebblClient) -> Verdict:
    try:
        client.extensions()
    except VendorCredentialsRejected:
        return Verdict.DEAD
    except (AccessDenied, VendorProtocolError):
        return Verdict.ALIVE
    except VendorRefused as refusal:
        return Verdict.ALIVE if refusal.status == 403 else Verdict.UNTOLD
    except VendorError:
        return Verdict.UNTOLD
    return Verdict.ALIVE


class _OldToken:
    """The token of before the refresh, and never another one."""

    def __init__(
        self,
        grant: Grant,
        connection: Connection,
        limits: Limits,
        redactor: Redactor,
        on_call: Callable[[CallRecord], None],
        known: object,
    ) -> None:
        self._grant, self._redactor = grant, redactor

    def current(self) -> str:
        try:
            value = self._grant.access_token.reveal()
        except SealBroken:
            raise VendorCredentialsRejected("The stored token does not open with the portal's sealing keys") from None
        self._redactor.learn(value)
        return value

    def renew(self, rejected: str) -> str:
        raise VendorCredentialsRejected("The old token is dead")
