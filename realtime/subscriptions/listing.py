"""What the vendor's list of subscriptions says: which of ours stand, which are gone, and which are not ours."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from portal.audit.trail import record
from portal.operations.models import Operation
from portal.tenancy.scope import staff_scope
from portal.vendors.models import Connection
from realtime.client import Reading, RemoteSubscription
from realtime.grants.models import Grant
from realtime.subscriptions.addresses import digest_in, is_ours, shown
from realtime.subscriptions.models import Subscription
from realtime.vendor_ids import canonical_id

State = Subscription.State
LONGEST_WORD = 30


def follow(
    connection: Connection, grant: Grant, reading: Reading[RemoteSubscription], since: datetime
) -> list[Subscription]:
    """What `grant` was shown, in a question that began at `since`. In the caller's transaction. Returns the stray ones that
    lead to this portal and that nobody here knows.

    What was asked for or cancelled meanwhile is left alone; a list with holes proves no absence.
    """
    known = Subscription.objects.filter(connection=connection).select_related("grant")
    rows = list(known.defer("grant__access_token", "grant__refresh_token").select_for_update(of=("self",)))
    listed: set[int] = set()
    lost = []
    for remote in reading:
        row = _row_of(rows, remote)
        if row is None:
            row = _stray(connection, grant, remote, since)
            rows.append(row)
        else:
            _seen(row, remote, since)
        listed.add(row.pk)
        if row.state == State.STRAY and is_ours(remote.callback_url) and not _anybodys(remote.callback_url):
            lost.append(row)
    if reading.complete:
        _missing(rows, listed, grant, since)
    return lost


def _anybodys(url: str) -> bool:
    """Does a connection of any company know the address? Two may share one account at the vendor."""
    digest = digest_in(url)
    if not digest:
        return False
    with staff_scope():
        return Subscription.objects.filter(digest=digest).exists()


def _row_of(rows: Iterable[Subscription], remote: RemoteSubscription) -> Subscription | None:
    """By the address where it is one of ours, since an answer that was lost told no ID; else by its ID."""
    digest, vendor_id = digest_in(remote.callback_url), canonical_id(remote.id)
    by_id = None
    for row in rows:
        if digest and row.digest == digest:
            return row
        if row.vendor_id == vendor_id:
            by_id = row
    return by_id


def _seen(row: Subscription, remote: RemoteSubscription, since: datetime) -> None:
    row.seen_at = since
    fields = ["seen_at"]
    ended_before = row.ended_at is not None and row.ended_at < since
    if row.state in (State.GONE, State.FAILED) and ended_before:
        row.state, row.ended_at = State.STRAY if row.stray else State.ACTIVE, None
        fields += ["state", "ended_at"]
        record("realtime.subscription_found_again", row, acting_user=None)
    if not row.vendor_id:
        row.vendor_id = canonical_id(remote.id)
        fields.append("vendor_id")
    row.save(update_fields=fields)


def _stray(connection: Connection, grant: Grant, remote: RemoteSubscription, since: datetime) -> Subscription:
    row = Subscription.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        grant=grant,
        state=State.STRAY,
        vendor_id=canonical_id(remote.id),
        event_types=[word[:LONGEST_WORD] for word in remote.event_types],
        agents=[vars(agent) for agent in remote.agents],
        mode=remote.mode[:10],
        callback_url=shown(remote.callback_url),
        created_at=since,
        seen_at=since,
    )
    record("realtime.stray_subscription_found", row, after={"address": row.callback_url}, acting_user=None)
    return row


def _missing(rows: Iterable[Subscription], listed: set[int], grant: Grant, since: datetime) -> None:
    quiet = [
        row
        for row in rows
        if row.pk not in listed and row.state in (State.ACTIVE, State.STRAY) and _owner(row) == grant.user_id
    ]
    busy = _under_way([row.pk for row in quiet], since)
    for row in quiet:
        if row.pk not in busy:
            row.state, row.ended_at = State.GONE, since
            row.save(update_fields=["state", "ended_at"])
            record("realtime.subscription_gone_at_vendor", row, acting_user=None)


def _owner(row: Subscription) -> int | None:
    return row.grant.user_id if row.grant else None


def _under_way(pks: Iterable[int], since: datetime) -> set[int]:
    """Those about which something is under way, or ended while the vendor was asked."""
    label = Subscription._meta.label_lower
    about = Operation.objects.filter(subject_type=label, subject_id__in=list(pks))
    recent = about.filter(Q(ended_at=None) | Q(ended_at__gte=since))
    return {pk for pk in recent.values_list("subject_id", flat=True) if pk}
