"""Bulk work with people: contacts and do-not-send numbers from a file, and what is done to contacts chosen in their list."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from messaging.people.contacts import LONGEST_VALUE, MOST_VALUES, Person, delete_contacts, keep_contacts
from messaging.people.groups import add_to_group, group_named, remove_from_group
from messaging.people.models import Contact, Group, OptOut
from messaging.people.optouts import opt_out, opted_out
from messaging.people.refining import EVERYWHERE, placeholder_of, tags_in
from messaging.rules import rules_of
from messaging.texts.numbers import BadNumber, normalise
from portal.bulk.chosen import check_chosen, ids_of
from portal.bulk.forms import OptionsForm
from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind, Done, Field, Outlook, Refusal
from portal.operations.refusals import NotPromised
from portal.sentences import Sentence
from portal.tenancy.roles import Role

CONTACTS, OPT_OUTS = "messaging.contacts", "messaging.opt_outs"
LONGEST_NAME, LONGEST_NOTE = 120, 200
NO_GROUP = gettext_noop("The group that was chosen is not there any more. Nothing was done to this contact.")
ON_IT = gettext_noop("It stands on the do-not-send list already.")
NUMBER = Field(
    "number",
    _("Mobile number"),
    required=True,
    help_text=_("As people write it: 06 12345678 or +31612345678."),
    aliases=("mobile", "mobilenumber", "phone", "telephone", "gsm", "mobiel", "mobielnummer", "nummer", "telefoon"),
    example="06 12345678",
)

Answer = Done | Refusal


def _normalised(rows: Sequence[BatchRow], countries: Any) -> list[BatchRow]:
    """Put each row's number into E.164, and return the rows where that went well."""
    for row in rows:
        try:
            row.values["number"] = normalise(row.values["number"], countries).e164
        except BadNumber as refusal:
            row.refuse(refusal.sentence.text, **refusal.sentence.values)
        else:
            # However it was written, the same number is the same row.
            row.identity = row.values["number"]
    return [row for row in rows if not row.reason]


# --- Contacts from a file -----------------------------------------------------------------------------------------


class ImportOptions(OptionsForm):
    group = forms.CharField(
        label=_("Put them into the group"),
        max_length=80,
        required=False,
        help_text=_("It is made where there is none of this name."),
    )
    keep_columns = forms.BooleanField(
        label=_("Keep the other columns as values for placeholders"), required=False, initial=True
    )


def check_contacts(batch: Batch, rows: Sequence[BatchRow]) -> None:
    """Of its `values`, `known` tells whether the number is in the address book already."""
    others = _other_columns(batch)
    fitting = _normalised(rows, rules_of(batch.tenant_id).countries)
    numbers = [row.values["number"] for row in fitting]
    known = set(Contact.objects.filter(number__in=numbers).values_list("number", flat=True))
    for row in fitting:
        row.values["known"] = row.values["number"] in known
        _refine(row, others)


def _refine(row: BatchRow, others: Mapping[int, str]) -> None:
    if len(row.values["name"]) > LONGEST_NAME:
        row.refuse(gettext_noop("The name is longer than %(most)s characters."), most=LONGEST_NAME)
        return
    try:
        row.values["tags"] = tags_in(row.values["tags"])
    except ValidationError as refusal:
        row.refuse(refusal.messages[0])
        return
    cells = {name: " ".join(row.cells[at].split()) for at, name in others.items() if at < len(row.cells)}
    row.values["values"] = {name: text for name, text in cells.items() if text}
    if any(len(text) > LONGEST_VALUE for text in cells.values()):
        row.refuse(gettext_noop("A value is longer than %(most)s characters."), most=LONGEST_VALUE)


def _other_columns(batch: Batch) -> dict[int, str]:
    """{number of the column: name of the placeholder}, of those that are no field of a contact."""
    if not batch.options.get("keep_columns"):
        return {}
    taken = set(batch.columns.values())
    named = [(at, placeholder_of(heading)) for at, heading in enumerate(batch.heading) if at not in taken]
    return dict([(at, name) for at, name in named if name][:MOST_VALUES])


def promise_contacts(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    names = ("number", "name", "tags", "values")
    people = [Person(**{name: row.values[name] for name in names}) for row in rows]
    try:
        name = batch.options.get("group", "")
        group = group_named(batch.tenant, name, acting_user=batch.started_by) if name else None
        keep_contacts(batch.tenant, people, group=group, acting_user=batch.started_by)
    except NotPromised as refusal:
        return [Refusal(refusal.sentence) for _row in rows]
    return [Done() for _row in rows]


def outlook_of_contacts(batch: Batch) -> Outlook:
    good = BatchRow.objects.of(batch).good()
    known = good.filter(values__known=True).count()
    context = {
        "new": batch.good - known,
        "known": known,
        "group": batch.options.get("group", ""),
        "values": sorted(_other_columns(batch).values()),
    }
    return Outlook("messaging/_bulk_contacts.html", context)


IMPORT_CONTACTS = BatchKind(
    name="messaging.import_contacts",
    label=_("Import contacts"),
    role=Role.OPERATOR,
    check=check_contacts,
    outlook=outlook_of_contacts,
    promise=promise_contacts,
    fields=(
        NUMBER,
        Field("name", _("Name"), aliases=("name", "naam", "fullname", "contact"), example="Anna de Vries"),
        Field(
            "tags",
            _("Tags"),
            help_text=_("Divided by commas; a contact keeps those that it has."),
            aliases=("tag", "labels", "label"),
            example="customer, utrecht",
        ),
    ),
    identity="number",
    list_key=CONTACTS,
    icon="upload",
    options=ImportOptions,
    immediate=True,
)


# --- Do-not-send numbers from a file ------------------------------------------------------------------------------


def check_opt_outs(batch: Batch, rows: Sequence[BatchRow]) -> None:
    fitting = _normalised(rows, EVERYWHERE)
    standing = opted_out([row.values["number"] for row in fitting])
    for row in fitting:
        row.values["note"] = row.values["note"][:LONGEST_NOTE]
        if row.values["number"] in standing:
            row.refuse(ON_IT)


def promise_opt_outs(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    """What came on the list meanwhile stands there, which is all that was wanted."""
    by_note: dict[str, list[str]] = {}
    for row in rows:
        by_note.setdefault(row.values["note"], []).append(row.values["number"])
    for note, numbers in by_note.items():
        opt_out(batch.tenant_id, numbers, OptOut.Source.FILE, note, acting_user=batch.started_by)
    return [Done() for _row in rows]


IMPORT_OPT_OUTS = BatchKind(
    name="messaging.import_opt_outs",
    label=_("Import do-not-send numbers"),
    role=Role.OPERATOR,
    check=check_opt_outs,
    outlook=lambda batch: Outlook("messaging/_bulk_opt_outs.html", {"count": batch.good}),
    promise=promise_opt_outs,
    fields=(
        NUMBER,
        Field("note", _("Note"), aliases=("note", "reason", "opmerking", "reden"), example="By telephone"),
    ),
    identity="number",
    list_key=OPT_OUTS,
    icon="upload",
    immediate=True,
)


# --- Contacts chosen in their list --------------------------------------------------------------------------------


class GroupChoice(OptionsForm):
    group = forms.ChoiceField(label=_("Group"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["group"]
        field.choices = list(Group.objects.filter(tenant=self.tenant).order_by("name").values_list("pk", "name"))


class OptOutNote(OptionsForm):
    note = forms.CharField(label=_("Note"), max_length=LONGEST_NOTE, required=False)


def check_contacts_chosen(_batch: Batch, rows: Sequence[BatchRow]) -> None:
    found = Contact.objects.in_bulk(ids_of(rows))
    check_chosen(rows, found, name=lambda contact: f"{contact.name} {contact.number}".strip())


def _with_group(verb: Callable[..., Any]) -> Callable[[Batch, Sequence[BatchRow]], list[Answer]]:
    def promise(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
        group = Group.objects.filter(tenant_id=batch.tenant_id, pk=batch.options["group"]).first()
        if group is None:
            return [Refusal(Sentence(NO_GROUP)) for _row in rows]
        verb(group, ids_of(rows), acting_user=batch.started_by)
        return [Done() for _row in rows]

    return promise


def promise_deletions(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    delete_contacts(batch.tenant, ids_of(rows), acting_user=batch.started_by)
    return [Done() for _row in rows]


def promise_no_messages(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    numbers = Contact.objects.filter(tenant_id=batch.tenant_id, pk__in=ids_of(rows)).values_list("number", flat=True)
    note = batch.options.get("note", "")
    opt_out(batch.tenant_id, numbers, OptOut.Source.PERSON, note, acting_user=batch.started_by)
    return [Done() for _row in rows]


def _chosen(name: str, label: Any, promise: Callable[..., list[Answer]], **more: Any) -> BatchKind:
    def outlook(batch: Batch) -> Outlook:
        group = Group.objects.filter(pk=batch.options["group"]).first() if "group" in batch.options else None
        return Outlook("messaging/_bulk_chosen.html", {"count": batch.good, "act": name, "group": group})

    return BatchKind(
        name=f"messaging.{name}",
        label=label,
        role=Role.OPERATOR,
        check=check_contacts_chosen,
        outlook=outlook,
        promise=promise,
        list_key=CONTACTS,
        immediate=True,
        **more,
    )


KINDS = (
    IMPORT_CONTACTS,
    IMPORT_OPT_OUTS,
    _chosen("add_to_group", _("Add to a group"), _with_group(add_to_group), options=GroupChoice, icon="users"),
    _chosen("remove_from_group", _("Take out of a group"), _with_group(remove_from_group), options=GroupChoice),
    _chosen("send_nothing", _("Put on the do-not-send list"), promise_no_messages, options=OptOutNote, icon="ban"),
    _chosen("delete_contacts", _("Delete contacts"), promise_deletions, icon="trash", tone="danger"),
)
