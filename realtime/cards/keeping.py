"""Customer cards: added and changed by hand or by file, and taken out again; and where they lead."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record, record_many
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant
from realtime.cards.models import Card, CardNumber, CardRules

MOST_CARDS, MOST_NUMBERS = 200_000, 10
TAKEN = _("%(number)s is on the card of %(name)s. Nothing was changed.")
FULL = _("There are %(most)s cards already, and no more are kept. Delete some first.")
TOO_MANY_NUMBERS = _("A card has at most %(most)s numbers.")
SEVERAL = _("These numbers are on several cards.")


@dataclass(frozen=True)
class Customer:
    """What a card says. `numbers` are E.164."""

    name: str
    numbers: Sequence[str] = ()
    company: str = ""
    reference: str = ""
    note: str = ""

    def fields(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("name", "company", "reference", "note")}

    def told(self) -> dict[str, Any]:
        return {**self.fields(), "numbers": list(self.numbers)}


@transaction.atomic
def add_card(tenant: Tenant, customer: Customer, *, acting_user: Any) -> Card:
    """Raises NotPromised where a number is on another card, or there are too many cards or numbers."""
    lock_cards(tenant)
    _check_room(tenant, 1)
    card = Card.objects.create(tenant=tenant, **customer.fields())
    _give_numbers(card, customer.numbers)
    record("realtime.card_added", card, after=customer.told(), acting_user=acting_user)
    return card


@transaction.atomic
def change_card(card: Card, customer: Customer, *, acting_user: Any) -> None:
    """Raises NotPromised as `add_card`."""
    lock_cards(card.tenant)
    before = {**{name: getattr(card, name) for name in customer.fields()}, "numbers": numbers_of(card)}
    after = customer.told()
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return
    for name, value in customer.fields().items():
        setattr(card, name, value)
    card.changed_at = timezone.now()
    card.save()
    card.numbers.exclude(number__in=customer.numbers).delete()
    _give_numbers(card, [number for number in customer.numbers if number not in before["numbers"]])
    told = [{name: values[name] for name in changed} for values in (before, after)]
    record("realtime.card_changed", card, before=told[0], after=told[1], acting_user=acting_user)


@transaction.atomic
def delete_cards(tenant: Tenant, ids: Collection[int], *, acting_user: Any) -> int:
    """Returns how many."""
    rows = list(Card.objects.filter(tenant=tenant, pk__in=ids).select_for_update(of=("self",)).order_by("pk"))
    record_many("realtime.card_deleted", [(card, None) for card in rows], acting_user=acting_user)
    Card.objects.filter(pk__in=[card.pk for card in rows]).delete()
    return len(rows)


def numbers_of(card: Card) -> list[str]:
    return list(card.numbers.order_by("pk").values_list("number", flat=True))


def lock_cards(tenant: Tenant) -> None:
    """One change of who has which number at a time."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def _check_room(tenant: Tenant, more: int) -> None:
    if more and Card.objects.filter(tenant=tenant).count() + more > MOST_CARDS:
        raise NotPromised(FULL, most=MOST_CARDS)


def _give_numbers(card: Card, numbers: Sequence[str]) -> None:
    if card.numbers.count() + len(numbers) > MOST_NUMBERS:
        raise NotPromised(TOO_MANY_NUMBERS, most=MOST_NUMBERS)
    taken = CardNumber.objects.filter(tenant=card.tenant, number__in=numbers).select_related("card").first()
    if taken is not None:
        raise NotPromised(TAKEN, number=taken.number, name=taken.card.name)
    CardNumber.objects.bulk_create(CardNumber(tenant=card.tenant, card=card, number=number) for number in numbers)


# --- From a file ----------------------------------------------------------------------------------------------------------


def owners_of(tenant: Tenant, numbers: Iterable[str]) -> dict[str, int]:
    """{number: id of its card}. One query."""
    found = CardNumber.objects.filter(tenant=tenant, number__in=list(numbers))
    return dict(found.values_list("number", "card_id"))


@transaction.atomic
def keep_cards(tenant: Tenant, customers: Sequence[Customer], *, acting_user: Any) -> list[NotPromised | None]:
    """Add those of whom no number is known, and change the others: what is told replaces, numbers join.

    One answer for each customer: None, or why it was not kept. One act on record for all of them. Raises NotPromised where
    there is no room for all.
    """
    lock_cards(tenant)
    owners = owners_of(tenant, {number for customer in customers for number in customer.numbers})
    _check_room(tenant, len(customers))
    cards = Card.objects.in_bulk(set(owners.values()))
    answers = [_kept(tenant, customer, owners, cards) for customer in customers]
    kept = sum(answer is None for answer in answers)
    record("realtime.cards_kept", tenant, after={"kept": kept}, acting_user=acting_user)
    return answers


def _kept(tenant: Tenant, customer: Customer, owners: dict[str, int], cards: dict[int, Card]) -> NotPromised | None:
    ids = {owners[number] for number in customer.numbers if number in owners}
    if len(ids) > 1:
        return NotPromised(SEVERAL)
    card = cards[ids.pop()] if ids else Card(tenant=tenant)
    new = [number for number in customer.numbers if number not in owners]
    if card.pk and len(new) + sum(owner == card.pk for owner in owners.values()) > MOST_NUMBERS:
        return NotPromised(TOO_MANY_NUMBERS, most=MOST_NUMBERS)
    _fill(card, customer.fields())
    cards[card.pk] = card
    CardNumber.objects.bulk_create(CardNumber(tenant=tenant, card=card, number=number) for number in new)
    owners.update(dict.fromkeys(new, card.pk))
    return None


def _fill(card: Card, told: Mapping[str, str]) -> None:
    for name, value in told.items():
        if value:
            setattr(card, name, value)
    card.changed_at = timezone.now()
    card.save()


# --- Where they lead ------------------------------------------------------------------------------------------------------


def rules_of(tenant: Tenant) -> CardRules:
    """Those of the company, or unsaved ones that lead nowhere."""
    return CardRules.objects.filter(tenant=tenant).first() or CardRules(tenant=tenant)


@transaction.atomic
def change_link(tenant: Tenant, link: str, *, acting_user: Any) -> None:
    """`link` as `check_link` allows, or "" for none."""
    lock_cards(tenant)
    rules = rules_of(tenant)
    if rules.pk and rules.link == link:
        return
    before, rules.link = rules.link, link
    rules.save()
    record("realtime.card_link_changed", rules, before={"link": before}, after={"link": link}, acting_user=acting_user)
