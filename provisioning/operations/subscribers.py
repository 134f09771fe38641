"""Creating and deleting subscribers, one or many at once, and what became of those whose answer was lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from portal.operations.models import Operation, Status
from portal.operations.promises import Promise, once, submit, submit_many
from portal.operations.registry import (
    Kind,
    PersonSays,
    Resend,
    Verdict,
    absorbs,
    carries_out,
    prepares,
    reverts,
    settles,
)
from portal.operations.work import Work
from provisioning import absorb
from provisioning.client import KandyClient, RemoteSubscriber
from provisioning.models import Product, Subscriber
from provisioning.operations.counts import free_products, in_use_before, keep_count, settle_by_count
from provisioning.operations.refusals import NoProductFree, NotPromised
from provisioning.operations.rules import check_deletion, check_end, check_new, taken_usernames

CREATE_SUBSCRIBER = Kind("provisioning.create_subscriber", gettext_lazy("Create a subscriber"))
DELETE_SUBSCRIBER = Kind("provisioning.delete_subscriber", gettext_lazy("Delete a subscriber"), resend=Resend.ALWAYS)


@dataclass(frozen=True)
class Wanted:
    """A subscriber to be made; with `ends_at` (aware) the portal deletes it then."""

    username: str
    ends_at: datetime | None = None


@transaction.atomic
def create_subscriber(
    product: Product,
    username: str,
    *,
    ends_at: datetime | None = None,
    form_key: UUID | None = None,
    acting_user: Any,
) -> Subscriber:
    """Promise a subscriber; with `ends_at` (aware) the portal deletes it then.

    Raises NotPromised when no product is free or the username lives already, AlreadySubmitted.
    """
    once(product.tenant_id, form_key)
    wanted = Wanted(username, ends_at)
    _check_wanted(wanted, taken_usernames(product.connection_id, [username]), free_products(product))
    subscriber = _subscriber(product, wanted, acting_user)
    subscriber.save(force_insert=True)
    _promise_subscriber(CREATE_SUBSCRIBER, subscriber, form_key, acting_user)
    return subscriber


@transaction.atomic
def create_subscribers(
    product: Product, wanted: Sequence[Wanted], *, acting_user: Any
) -> list[Operation | NotPromised]:
    """As `create_subscriber`, many at once by few statements. For each the promise, or why there is none.

    From the first on for which no product is free, all get NoProductFree unless they would be refused anyway.
    """
    taken = taken_usernames(product.connection_id, [each.username for each in wanted])
    free = free_products(product)
    answers: list[NotPromised | None] = []
    made: list[Subscriber] = []
    for each in wanted:
        answers.append(_refusal(_check_wanted, each, taken, free - len(made)))
        if answers[-1] is None:
            taken.add(each.username.lower())
            made.append(_subscriber(product, each, acting_user))
    made = Subscriber.objects.bulk_create(made)
    promised = iter(_promise_subscribers(CREATE_SUBSCRIBER, product, made, acting_user))
    return [answer or next(promised) for answer in answers]


def _check_wanted(wanted: Wanted, taken: set[str], free: int) -> None:
    check_new(wanted.username, taken)
    check_end(wanted.ends_at)
    if free < 1:
        raise NoProductFree(_("No product is free: order one first, or delete a subscriber that is not needed."))


def _subscriber(product: Product, wanted: Wanted, acting_user: Any) -> Subscriber:
    return Subscriber(
        tenant_id=product.tenant_id,
        connection_id=product.connection_id,
        product=product,
        username=wanted.username,
        ends_at=wanted.ends_at,
        requested_by=acting_user,
    )


@transaction.atomic
def delete_subscriber(subscriber: Subscriber, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise the end of a subscriber; applications that use it are forced out. `acting_user` None: its time was over.

    Raises NotPromised when it does not live, or when its ID was lost and the vendor cannot be told which one is meant.
    """
    once(subscriber.tenant_id, form_key)
    locked = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    check_deletion(locked)
    locked.state = Subscriber.State.DELETING
    locked.save(update_fields=["state"])
    return _promise_subscriber(DELETE_SUBSCRIBER, locked, form_key, acting_user)


@transaction.atomic
def delete_subscribers(ids: Sequence[int], *, acting_user: Any) -> dict[int, Operation | NotPromised]:
    """As `delete_subscriber`, many at once. By id: the promise, or why there is none; foreign ids are left out."""
    rows = Subscriber.objects.filter(pk__in=ids).select_related("product__connection__tenant").order_by("pk")
    answers: dict[int, Operation | NotPromised] = {}
    ending: dict[Product, list[Subscriber]] = {}
    for locked in rows.select_for_update(of=("self",)):
        if refusal := _refusal(check_deletion, locked):
            answers[locked.pk] = refusal
        else:
            ending.setdefault(locked.product, []).append(locked)
    for product, subscribers in ending.items():
        Subscriber.objects.filter(pk__in=[each.pk for each in subscribers]).update(state=Subscriber.State.DELETING)
        promised = _promise_subscribers(DELETE_SUBSCRIBER, product, subscribers, acting_user)
        answers |= {each.pk: operation for each, operation in zip(subscribers, promised, strict=True)}
    return answers


def _refusal(check: Callable[..., None], *facts: Any) -> NotPromised | None:
    try:
        check(*facts)
    except NotPromised as refusal:
        return refusal
    return None


def _promise_subscriber(kind: Kind, subscriber: Subscriber, form_key: UUID | None, acting_user: Any) -> Operation:
    product, promise = subscriber.product, _promise(subscriber, subscriber.product)
    return submit(
        kind,
        connection=product.connection,
        lane=product.lane,
        label=promise.label,
        payload=promise.payload,
        subject=subscriber,
        form_key=form_key,
        acting_user=acting_user,
    )


def _promise_subscribers(
    kind: Kind, product: Product, subscribers: Sequence[Subscriber], acting_user: Any
) -> list[Operation]:
    promises = [_promise(subscriber, product) for subscriber in subscribers]
    return submit_many(
        kind, connection=product.connection, lane=product.lane, promises=promises, acting_user=acting_user
    )


def _promise(subscriber: Subscriber, product: Product) -> Promise:
    payload = {"product": product.name, "username": subscriber.username, "subscriber_id": subscriber.vendor_id}
    return Promise(subscriber, subscriber.username, payload)


# --- How they are carried out ---------------------------------------------------------------------------------------


@prepares(CREATE_SUBSCRIBER)
@prepares(DELETE_SUBSCRIBER)
def _in_use_before(operation: Operation) -> dict[str, int]:
    return in_use_before(operation)


@carries_out(CREATE_SUBSCRIBER)
def _create_subscriber(work: Work) -> RemoteSubscriber:
    client, payload = KandyClient(work.http), work.operation.payload
    keep_count(work, client)
    return client.create_subscriber(payload["username"], product=payload["product"])


@absorbs(CREATE_SUBSCRIBER)
def _subscriber_created(operation: Operation, answer: RemoteSubscriber | PersonSays | None) -> None:
    subscriber = _subject(operation)
    absorb.subscriber_created(subscriber, answer if isinstance(answer, RemoteSubscriber) else None)
    if isinstance(answer, PersonSays) and answer.reference:
        subscriber.vendor_id = answer.reference
        subscriber.save(update_fields=["vendor_id"])


@settles(CREATE_SUBSCRIBER)
def _settle_create_subscriber(work: Work) -> Verdict:
    """Found: exactly one more product in use than before, with nothing else in the lane."""
    return settle_by_count(work, effect=+1)


@reverts(CREATE_SUBSCRIBER)
def _subscriber_not_created(operation: Operation) -> None:
    Subscriber.objects.filter(pk=operation.subject_pk).update(state=Subscriber.State.FAILED)
    if operation.status != Status.WAITING:
        absorb.ask_for_reading(operation.connection_id)


@carries_out(DELETE_SUBSCRIBER)
def _delete_subscriber(work: Work) -> object:
    client = KandyClient(work.http)
    keep_count(work, client)
    return client.delete_subscriber(work.operation.payload["subscriber_id"])


@absorbs(DELETE_SUBSCRIBER)
def _subscriber_deleted(operation: Operation, answer: object) -> None:
    absorb.subscriber_deleted(_subject(operation))


@settles(DELETE_SUBSCRIBER)
def _settle_delete_subscriber(work: Work) -> Verdict:
    """Found: exactly one product less in use than before. If not, it is sent again: to delete what is gone is a success."""
    return settle_by_count(work, effect=-1)


@reverts(DELETE_SUBSCRIBER)
def _subscriber_not_deleted(operation: Operation) -> None:
    Subscriber.objects.filter(pk=operation.subject_pk).update(state=Subscriber.State.ACTIVE)


def _subject(operation: Operation) -> Subscriber:
    return Subscriber.objects.select_for_update(of=("self",)).get(pk=operation.subject_pk)
