"""Keeping the subscriptions that are needed: one missing is asked for, one that does not fit replaced, one too many cancelled.

Level-triggered, by rows alone; the vendor is not asked here. A subscription cannot be changed, and between a cancelled one and
the next nobody would tell of calls: so the new one comes first.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from portal.operations.models import Operation
from portal.operations.refusals import NotPromised
from portal.vendors.models import Connection
from realtime import notices
from realtime.extensions.models import Extension
from realtime.grants.models import Grant
from realtime.models import RealtimeAccount
from realtime.subscriptions.models import Subscription
from realtime.subscriptions.needs import Need, lacking, needs, of_owner
from realtime.subscriptions.operations import CANCEL, cancel_subscription, subscribe

State = Subscription.State
# A quiet telephone system proves a new subscription by nothing but the vendor's list.
QUIET = timedelta(minutes=1)
RETRY = timedelta(minutes=30)


def keep(connection: Connection) -> None:
    """In the caller's transaction; one at a time for a connection."""
    account = RealtimeAccount.objects.select_for_update(of=("self",)).get(connection=connection)
    grants = list(active_grants(connection))
    rows = list(subscriptions_of(connection))
    needed = needs(account, grants, telephones(grants))
    for need in needed:
        _keep_one(connection, need, of_owner(rows, need.owner))
    met = {need.owner for need in needed}
    for grant in grants:
        if grant.user_id not in met:
            _cancel_all(of_owner(rows, grant.user_id))
    _tell(connection, account, grants)


def active_grants(connection: Connection) -> Iterable[Grant]:
    """Without their tokens; each with `telephone`, the vendor's ID of its person's extension, of several the first."""
    theirs = Extension.objects.filter(connection=connection, gone_at=None, member=OuterRef("user")).order_by("pk")
    active = Grant.objects.filter(connection=connection, state=Grant.State.ACTIVE)
    active = active.annotate(telephone=Subquery(theirs.values("vendor_id")[:1]))
    return active.select_related("user").defer("access_token", "refresh_token").order_by("user_id", "pk")


def subscriptions_of(connection: Connection) -> Iterable[Subscription]:
    """Ours that live, and those that the vendor did not make lately; newest first, with their grants."""
    ours = Subscription.objects.filter(connection=connection, callback_url="")
    live = ours.filter(state__in=Subscription.LIVE)
    failed = ours.filter(state=State.FAILED, ended_at__gte=timezone.now() - RETRY)
    rows = (live | failed).select_related("grant__user").order_by("-pk")
    return rows.defer("grant__access_token", "grant__refresh_token")


def telephones(grants: Iterable[Any]) -> dict[int, str]:
    """The vendor's IDs of the extensions that are people's own, by user; of grants as `active_grants` gives them."""
    return {grant.user_id: grant.telephone for grant in grants if grant.personal and grant.telephone}


def cancel_lost(rows: Iterable[Subscription]) -> None:
    """They lead to this portal, where nobody knows them: left over from an answer or a database that was lost."""
    for row in rows:
        if not _cancelled_before(row):
            _cancel(row)


def superseded(old: Subscription, new: Subscription) -> bool:
    """May `old` go? `new` stands in the vendor's list, and has been told something, or there was nothing to tell."""
    if new.state != State.ACTIVE or new.seen_at is None:
        return False
    if new.last_event_at is not None:
        return True
    old_heard = old.last_event_at is not None and old.last_event_at > new.created_at
    return not old_heard and new.created_at < timezone.now() - QUIET


def _keep_one(connection: Connection, need: Need, rows: Sequence[Subscription]) -> None:
    live = [row for row in rows if row.state in (State.ASKED, State.ACTIVE)]
    fitting = [row for row in live if need.met_by(row)]
    if not fitting:
        if not _failed_lately(need, rows):
            standing = next((row for row in live if row.state == State.ACTIVE), None)
            subscribe(connection, need, replaces=standing, acting_user=need.grant.user)
        return
    # The one that stands longest; one that was asked for only where none stands.
    chosen = next((row for row in reversed(fitting) if row.state == State.ACTIVE), fitting[-1])
    if chosen.grant_id != need.grant.pk:
        Subscription.objects.filter(pk=chosen.pk).update(grant=need.grant)
    for row in live:
        if row.pk != chosen.pk and row.state == State.ACTIVE and superseded(row, chosen):
            _cancel(row)


def _failed_lately(need: Need, rows: Sequence[Subscription]) -> bool:
    """Over this very grant; one that was given anew is tried at once."""
    return any(row.state == State.FAILED and row.grant_id == need.grant.pk and need.met_by(row) for row in rows)


def _cancel_all(rows: Iterable[Subscription]) -> None:
    for row in rows:
        if row.state == State.ACTIVE:
            _cancel(row)


def _cancel(row: Subscription) -> None:
    """One that cannot be cancelled now is looked at after the next reading. A personal grant acts for its person alone."""
    try:
        cancel_subscription(row, acting_user=row.grant.user if row.grant else None)
    except NotPromised:
        return


def _cancelled_before(row: Subscription) -> bool:
    """Once by itself is enough; after that a person decides."""
    label = Subscription._meta.label_lower
    return Operation.objects.filter(subject_type=label, subject_id=row.pk, kind=CANCEL.name).exists()


def _tell(connection: Connection, account: RealtimeAccount, grants: Sequence[Grant]) -> None:
    company = next((grant for grant in grants if not grant.personal), None)
    if company:
        notices.scopes_lacking(connection, lacking(account, company))
