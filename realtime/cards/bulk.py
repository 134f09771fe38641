"""Customer cards from a file, and those chosen in their list."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.bulk.chosen import check_chosen, ids_of
from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind, Done, Field, Outlook, Refusal
from portal.operations.refusals import NotPromised
from portal.tenancy.roles import Role
from realtime.cards.forms import numbers_in
from realtime.cards.keeping import (
    MOST_NUMBERS,
    SEVERAL,
    TOO_MANY_NUMBERS,
    Customer,
    delete_cards,
    keep_cards,
    owners_of,
)
from realtime.cards.models import Card
from realtime.numbers import BadNumber

LONGEST = {"name": 120, "company": 120, "reference": 120, "note": 500}

Answer = Done | Refusal


def check_cards(batch: Batch, rows: Sequence[BatchRow]) -> None:
    """Of its `values`, `known` tells whether a card with one of the numbers is there already."""
    for row in rows:
        _refine(row)
    fitting = [row for row in rows if not row.reason]
    owners = owners_of(batch.tenant, {number for row in fitting for number in row.values["numbers"]})
    for row in fitting:
        found = {owners[number] for number in row.values["numbers"] if number in owners}
        row.values["known"] = bool(found)
        if len(found) > 1:
            row.refuse(SEVERAL)


def _refine(row: BatchRow) -> None:
    for name, most in LONGEST.items():
        if len(row.values[name]) > most:
            row.refuse(gettext_noop("A value is longer than %(most)s characters."), most=most)
            return
    try:
        row.values["numbers"] = numbers_in(row.values["numbers"])
    except BadNumber as refusal:
        row.refuse(refusal.sentence.text, **refusal.sentence.values)
    except ValidationError:
        row.refuse(TOO_MANY_NUMBERS, most=MOST_NUMBERS)
    else:
        # However it is written, the same number is the same row.
        row.identity = row.values["numbers"][0]


def promise_cards(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    customers = [
        Customer(numbers=row.values["numbers"], **{name: row.values[name] for name in LONGEST}) for row in rows
    ]
    try:
        answers = keep_cards(batch.tenant, customers, acting_user=batch.started_by)
    except NotPromised as refusal:
        return [Refusal(refusal.sentence) for _row in rows]
    return [Done() if answer is None else Refusal(answer.sentence) for answer in answers]


def outlook_of_cards(batch: Batch) -> Outlook:
    known = BatchRow.objects.of(batch).good().filter(values__known=True).count()
    return Outlook("realtime/_bulk_cards.html", {"new": batch.good - known, "known": known})


IMPORT_CARDS = BatchKind(
    name="realtime.import_cards",
    label=_("Import customer cards"),
    role=Role.ADMIN,
    check=check_cards,
    outlook=outlook_of_cards,
    promise=promise_cards,
    fields=(
        Field("name", _("Name"), required=True, aliases=("naam", "customer", "klant", "contact"), example="Anna Bos"),
        Field("company", _("Company"), aliases=("bedrijf", "organisation", "organisatie"), example="Bos BV"),
        Field(
            "numbers",
            _("Numbers"),
            required=True,
            help_text=_("Divided by semicolons or bars."),
            aliases=("number", "phone", "telephone", "nummer", "nummers", "telefoon"),
            example="06 12345678 | 020 1234567",
        ),
        Field("reference", _("Reference"), aliases=("id", "ref", "referentie", "klantnummer"), example="C-1001"),
        Field("note", _("Note"), aliases=("opmerking", "remark"), example="Calls in the morning"),
    ),
    identity="numbers",
    list_key="realtime.cards",
    icon="upload",
    immediate=True,
)


def promise_deletions(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    delete_cards(batch.tenant, ids_of(rows), acting_user=batch.started_by)
    return [Done() for _row in rows]


DELETE_CARDS = BatchKind(
    name="realtime.delete_cards",
    label=_("Delete customer cards"),
    role=Role.ADMIN,
    check=lambda batch, rows: check_chosen(rows, Card.objects.in_bulk(ids_of(rows))),
    outlook=lambda batch: Outlook("realtime/_bulk_cards_delete.html", {"count": batch.good}),
    promise=promise_deletions,
    list_key="realtime.cards",
    icon="trash",
    tone="danger",
    immediate=True,
)
