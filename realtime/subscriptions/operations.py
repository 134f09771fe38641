"""Asking for subscriptions and cancelling them, and what became of those whose answer was lost."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.models import Operation
from portal.operations.promises import once, submit
from portal.operations.refusals import NotPromised
from portal.operations.registry import (
    Absent,
    CannotTell,
    Found,
    Kind,
    PersonSays,
    Resend,
    Verdict,
    absorbs,
    carries_out,
    reverts,
    settles,
)
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from portal.vendors import mirrors
from portal.vendors.errors import if_there
from portal.vendors.models import Connection
from realtime import notices
from realtime.client import Agent, KwebblClient, RemoteSubscription
from realtime.grants.lines import http_of
from realtime.grants.models import Grant
from realtime.models import RealtimeAccount
from realtime.subscriptions.addresses import digest_in, new_address
from realtime.subscriptions.models import Subscription
from realtime.subscriptions.needs import Need
from realtime.vendor_ids import canonical_id

SUBSCRIBE = Kind("realtime.subscribe", gettext_lazy("Subscribe to call events"))
CANCEL = Kind("realtime.cancel_subscription", gettext_lazy("Cancel a subscription"), resend=Resend.ALWAYS)
State = Subscription.State


@transaction.atomic
def subscribe(
    connection: Connection, need: Need, *, replaces: Subscription | None = None, acting_user: Any
) -> Subscription:
    """Promise a subscription; where events come to is made when it is sent, and kept as a digest.

    `acting_user` is the person of a personal grant, which acts for nobody else; None is the portal for the company.
    """
    row = Subscription.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        grant=need.grant,
        event_types=list(need.event_types),
        agents=need.agents_sent,
        mode=need.mode,
        replaces=replaces,
    )
    submit(
        SUBSCRIBE,
        connection=connection,
        lane=f"subscribe:{need.owner or 'company'}",
        label=f"{row.mode}: {', '.join(row.event_types)}",
        payload={
            "grant": need.grant.pk,
            "event_types": row.event_types,
            "agents": row.agents,
            "mode": row.mode,
        },
        subject=row,
        acting_user=acting_user,
    )
    return row


@transaction.atomic
def cancel_subscription(subscription: Subscription, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise the end of one of ours, or of a stray one. Raises NotPromised, AlreadySubmitted."""
    once(subscription.tenant_id, form_key)
    row = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription.pk)
    if row.state not in (State.ACTIVE, State.STRAY) or not row.vendor_id:
        raise NotPromised(_("This subscription is not there to be cancelled any more."))
    grant = _grant_for(row, acting_user)
    row.state = State.CANCELLING
    row.save(update_fields=["state"])
    connection = Connection.objects.select_related("tenant").get(pk=row.connection_id)
    return submit(
        CANCEL,
        connection=connection,
        lane=f"subscription:{row.pk}",
        label=row.vendor_id,
        payload={"grant": grant.pk, "subscription_id": row.vendor_id},
        subject=row,
        form_key=form_key,
        acting_user=acting_user,
    )


def grant_of(connection_id: int, owner: int | None) -> Grant | None:
    """The active grant of a person, or (None) the company's."""
    active = Grant.objects.filter(connection_id=connection_id, state=Grant.State.ACTIVE)
    return (active.filter(user=None) if owner is None else active.filter(user_id=owner)).first()


def _grant_for(row: Subscription, acting_user: Any) -> Grant:
    """The one of whom it is, if that is the person who acts; else the company's."""
    owner = row.grant.user_id if row.grant else None
    own = grant_of(row.connection_id, owner) if acting_user and owner == acting_user.pk else None
    found = own or grant_of(row.connection_id, None)
    if found is None:
        raise NotPromised(_("Nobody is connected to the telephone system, so nothing can be cancelled there."))
    return found


def _row(operation: Operation) -> Subscription:
    return Subscription.objects.select_for_update(of=("self",)).get(pk=operation.subject_pk)


# --- Asking for one -------------------------------------------------------------------------------------------------


@carries_out(SUBSCRIBE)
def _subscribe(work: Work) -> RemoteSubscription:
    """The digest is on record before anything leaves, so that neither the vendor's list nor an event finds it unknown."""
    url, digest = new_address()
    operation = work.operation
    with tenant_scope(operation.tenant_id):
        Subscription.objects.filter(pk=operation.subject_pk).update(digest=digest)
    work.remember(digest=digest)
    payload = operation.payload
    agents = [Agent(**agent) for agent in payload["agents"]]
    return KwebblClient(http_of(work)).subscribe(url, payload["event_types"], agents, payload["mode"])


@absorbs(SUBSCRIBE)
def _subscribed(operation: Operation, answer: RemoteSubscription | PersonSays) -> None:
    row = _row(operation)
    row.state = State.ACTIVE
    told: dict[str, Any] = {}
    if isinstance(answer, RemoteSubscription):
        row.vendor_id = canonical_id(answer.id)
        told = {"mode": answer.mode, "event_types": list(answer.event_types)}
    row.save(update_fields=["state", "vendor_id"])
    record("realtime.subscription_made", row, after=told, acting_user=None)
    notices.told_again(row)
    # The list has to show it before the one that it replaces is cancelled.
    mirrors.ask_for_reading(RealtimeAccount, operation.connection_id)


@settles(SUBSCRIBE)
def _settle_subscribe(work: Work) -> Verdict:
    """Found: the list has the address that was sent with it, which nothing else can have."""
    digest = work.sending_facts().get("digest")
    if digest is None:
        return Absent(_("The worker ended before anything was sent."))
    reading = KwebblClient(http_of(work)).subscriptions()
    for remote in reading:
        if digest_in(remote.callback_url) == digest:
            return Found(
                remote, _("The vendor lists a subscription with the address that was sent."), {"id": remote.id}
            )
    if reading.complete:
        return Absent(_("The vendor lists no subscription with the address that was sent."))
    return CannotTell(_("The vendor's list could not be read to its end, and what was read has no such subscription."))


@reverts(SUBSCRIBE)
def _not_subscribed(operation: Operation) -> None:
    row = _row(operation)
    row.state, row.ended_at = State.FAILED, timezone.now()
    row.save(update_fields=["state", "ended_at"])
    notices.not_made(row)


# --- Cancelling one -------------------------------------------------------------------------------------------------


@carries_out(CANCEL)
def _cancel(work: Work) -> object:
    return KwebblClient(http_of(work)).cancel_subscription(work.operation.payload["subscription_id"])


@absorbs(CANCEL)
def _cancelled(operation: Operation, answer: object) -> None:
    row = _row(operation)
    row.state, row.ended_at = State.GONE, timezone.now()
    row.save(update_fields=["state", "ended_at"])


@settles(CANCEL)
def _settle_cancel(work: Work) -> Verdict:
    """Found: the vendor knows it no more. If it does, it is sent again: to cancel what is gone is a success."""
    subscription_id = work.operation.payload["subscription_id"]
    if if_there(lambda: KwebblClient(http_of(work)).subscription(subscription_id)) is None:
        return Found(None, _("The vendor knows this subscription no more."))
    return Absent(_("The vendor still has this subscription."))


@reverts(CANCEL)
def _not_cancelled(operation: Operation) -> None:
    row = _row(operation)
    if row.state == State.CANCELLING:
        row.state = State.STRAY if row.stray else State.ACTIVE
        row.save(update_fields=["state"])
