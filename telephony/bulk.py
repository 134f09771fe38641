"""Bulk work with SIP accounts: made and changed from a file, deleted by the selection of a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.bulk.chosen import GONE, answer_to, deletion
from portal.bulk.forms import OptionsForm
from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind, Field, Outlook, Refusal
from portal.operations.models import Operation
from portal.operations.refusals import NotPromised
from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from telephony import operations
from telephony.models import SipAccount
from telephony.operations.many import changes_of
from telephony.operations.rules import Wanted, check_active, check_new, checked_fields

VENDOR = "apidaze"
SIP_ACCOUNTS = "telephony.sip_accounts"
TOLD = tuple(Wanted.__dataclass_fields__)
CHANGES_SHOWN = 20
# Of the rows of a file, once they are checked.
NEW = Q(values__account=None)
NO_CONNECTION = gettext_noop("The connection that was chosen is not there any more. Choose another one.")

Answer = Operation | Refusal


# --- Making and changing them -----------------------------------------------------------------------------------------


class ConnectionChoice(OptionsForm):
    """At which of the company's domains."""

    connection = forms.ChoiceField(label=_("Connection"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["connection"]
        field.choices = list(_connections().values_list("pk", "name"))  # type: ignore[attr-defined]


def _connections() -> Any:
    return Connection.objects.filter(vendor=VENDOR, enabled=True).order_by("name", "pk")


def check_accounts(batch: Batch, rows: Sequence[BatchRow]) -> None:
    """A row whose username lives is a change: of its `values`, `account` is its id, and `before` what differs there now."""
    connection = _connection(batch)
    if connection is None:
        for row in rows:
            row.refuse(NO_CONNECTION)
        return
    living = _living(connection, [row.values["username"] for row in rows])
    for row in rows:
        try:
            row.values |= _looked_at(batch, row, living)
        except NotPromised as refusal:
            row.refuse(refusal.sentence.text, **refusal.sentence.values)


def _looked_at(batch: Batch, row: BatchRow, living: Mapping[str, list[SipAccount]]) -> dict[str, Any]:
    """What of the row will be sent. Raises NotPromised."""
    username, told = row.values["username"], _told(batch, row)
    account = _named(username, living.get(username.lower(), []))
    if account is None:
        check_new(username, set())
        return {"account": None, **checked_fields(told)}
    changes = changes_of(account, told)
    return {"account": account.pk, **changes, "before": {name: getattr(account, name) for name in changes}}


def _told(batch: Batch, row: BatchRow) -> dict[str, str]:
    """Of the columns that the file has: what is in none of them stays as it is, an empty cell empties."""
    return {name: row.values[name] for name in TOLD if name in batch.columns}


def _living(connection: Connection, usernames: Sequence[str]) -> dict[str, list[SipAccount]]:
    """By username in lower case: at the vendor two may differ by case alone."""
    rows = SipAccount.objects.living().filter(connection=connection).defer("password").annotate(plain=Lower("username"))
    found: dict[str, list[SipAccount]] = {}
    for account in rows.filter(plain__in=[name.lower() for name in usernames]):
        found.setdefault(account.username.lower(), []).append(account)
    return found


def _named(username: str, alike: Sequence[SipAccount]) -> SipAccount | None:
    """Of this very name, else the only one whose name differs by case. Raises NotPromised where it may be several."""
    exact = [account for account in alike if account.username == username]
    if not exact and len(alike) > 1:
        raise NotPromised(
            gettext_noop(
                "Several usernames differ from “%(name)s” by capitals alone. Write it as the one you mean does."
            ),
            name=username,
        )
    return next(iter(exact or alike), None)


def promise_accounts(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    connection = _connection(batch)
    if connection is None:
        return [answer_to(NotPromised(NO_CONNECTION)) for _row in rows]
    new = [row for row in rows if row.values["account"] is None]
    wanted = [(row.values["username"], Wanted(**_told(batch, row))) for row in new]
    made = operations.create_sip_accounts(connection, wanted, acting_user=batch.started_by)
    answers = dict(zip((row.pk for row in new), made, strict=True))
    changes = {row.values["account"]: _changes(row) for row in rows if row.values["account"] is not None}
    changed = operations.update_sip_accounts(changes, acting_user=batch.started_by)
    return [answer_to(answers.get(row.pk) or changed.get(row.values["account"], NotPromised(GONE))) for row in rows]


def _changes(row: BatchRow) -> dict[str, str]:
    """Those of the preview; what differs by now besides them was not agreed to."""
    return {name: row.values[name] for name in row.values["before"]}


def _connection(batch: Batch) -> Connection | None:
    """The one chosen, of this tenant."""
    found = _connections().filter(pk=batch.options["connection"], tenant_id=batch.tenant_id)
    return found.select_related("tenant").first()


def outlook_of_accounts(batch: Batch) -> Outlook:
    """How many are new, how many are changed, and of the first of these what is other than now."""
    if _connection(batch) is None:
        return Outlook("telephony/_bulk_accounts.html", {}, blocked=str(_(NO_CONNECTION)))
    good = BatchRow.objects.of(batch).good()
    counted = good.aggregate(new=Count("pk", filter=NEW), changed=Count("pk", filter=~NEW))
    changes = [_shown(row) for row in good.exclude(NEW).order_by("line")[:CHANGES_SHOWN]]
    return Outlook("telephony/_bulk_accounts.html", {**counted, "changes": changes, "most": CHANGES_SHOWN})


def _shown(row: BatchRow) -> tuple[str, list[tuple[Any, str, str]]]:
    before: Mapping[str, str] = row.values["before"]
    labels = {field.name: field.label for field in IMPORT.fields}
    return row.label, [(labels[name], before[name], row.values[name]) for name in before]


IMPORT = BatchKind(
    name="telephony.import_sip_accounts",
    label=_("Import SIP accounts"),
    role=Role.OPERATOR,
    check=check_accounts,
    outlook=outlook_of_accounts,
    promise=promise_accounts,
    fields=(
        Field(
            "username",
            _("Username"),
            required=True,
            help_text=_("An account that is there is changed, any other one is created."),
            aliases=("username", "user", "login", "sip", "gebruikersnaam", "gebruiker"),
            example="reception",
        ),
        Field(
            "name",
            _("Name"),
            help_text=_("Without a column, names and numbers stay as they are; an empty cell removes them."),
            aliases=("name", "naam"),
            example="Reception",
        ),
        Field(
            "internal_number",
            _("Internal caller ID number"),
            aliases=("internal", "internalnumber", "extension", "intern", "internnummer"),
            example="101",
        ),
        Field(
            "external_number",
            _("External caller ID number"),
            aliases=("external", "externalnumber", "number", "extern", "externnummer", "nummer"),
            example="020 123 4567",
        ),
        Field(
            "mwi_account",
            _("Voicemail (MWI) account"),
            aliases=("voicemail", "mwi", "mwiaccount", "voicemailaccount"),
            example="reception",
        ),
    ),
    identity="username",
    list_key=SIP_ACCOUNTS,
    icon="phone",
    options=ConnectionChoice,
)


# --- Deleting them ----------------------------------------------------------------------------------------------------

DELETE = deletion(
    "telephony.delete_sip_accounts",
    _("Delete SIP accounts"),
    find=lambda ids: SipAccount.objects.defer("password").in_bulk(ids),
    check=check_active,
    delete=operations.delete_sip_accounts,
    template="telephony/_bulk_delete.html",
    list_key=SIP_ACCOUNTS,
)
