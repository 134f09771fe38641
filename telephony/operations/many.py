"""SIP accounts made, changed and deleted many at once, by few statements; each is carried out as one alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from portal.operations.models import Operation
from portal.operations.promises import Promise, submit_many
from portal.operations.refusals import NotPromised
from portal.operations.registry import Kind
from portal.vendors.models import Connection
from telephony.models import SipAccount
from telephony.operations.accounts import CREATE_SIP_ACCOUNT, DELETE_SIP_ACCOUNT, UPDATE_SIP_ACCOUNT
from telephony.operations.rules import Wanted, check_active, check_new, checked_fields, taken_usernames

Answer = Operation | NotPromised


@transaction.atomic
def create_sip_accounts(
    connection: Connection, wanted: Sequence[tuple[str, Wanted]], *, acting_user: Any
) -> list[Answer]:
    """As `create_sip_account`, for each username. In their order: the promise, or why there is none."""
    taken = taken_usernames(connection.pk, [username for username, _wanted in wanted])
    answers: list[NotPromised | None] = []
    made: list[SipAccount] = []
    for username, fields in wanted:
        try:
            check_new(username, taken)
            account = _account(connection, username, fields.checked(), acting_user)
        except NotPromised as refusal:
            answers.append(refusal)
            continue
        answers.append(None)
        taken.add(username.lower())
        made.append(account)
    made = SipAccount.objects.bulk_create(made)
    promises = [_promise(account, _creation(account)) for account in made]
    promised = iter(submit_many(CREATE_SIP_ACCOUNT, connection=connection, promises=promises, acting_user=acting_user))
    return [answer or next(promised) for answer in answers]


def _account(connection: Connection, username: str, fields: Wanted, acting_user: Any) -> SipAccount:
    return SipAccount(
        tenant_id=connection.tenant_id,
        connection=connection,
        username=username,
        requested_by=acting_user,
        **asdict(fields),
    )


def _creation(account: SipAccount) -> dict[str, Any]:
    told = {name: getattr(account, name) for name in Wanted.__dataclass_fields__}
    return {"username": account.username, **{name: value for name, value in told.items() if value}}


@transaction.atomic
def update_sip_accounts(wanted: Mapping[int, Mapping[str, str]], *, acting_user: Any) -> dict[int, Answer]:
    """As `update_sip_account`, of each id the fields that are told. Foreign ids are left out; see `changes_of`."""

    def payload(account: SipAccount) -> dict[str, Any]:
        return {"sip_id": account.vendor_id, "changes": changes_of(account, wanted[account.pk])}

    return _promised(UPDATE_SIP_ACCOUNT, _locked(wanted), payload, acting_user)


def changes_of(account: SipAccount, told: Mapping[str, str]) -> dict[str, str]:
    """What of `told` the account has otherwise. Raises NotPromised, also where nothing differs."""
    check_active(account)
    changes = {name: value for name, value in checked_fields(told).items() if getattr(account, name) != value}
    if not changes:
        raise NotPromised(_("Nothing differs from what the account has; nothing needs to be sent."))
    return changes


@transaction.atomic
def delete_sip_accounts(ids: Sequence[int], *, acting_user: Any) -> dict[int, Answer]:
    """As `delete_sip_account`. By id: the promise, or why there is none; foreign ids are left out."""
    answers = _promised(DELETE_SIP_ACCOUNT, _locked(ids), _deletion, acting_user)
    ending = [pk for pk, answer in answers.items() if isinstance(answer, Operation)]
    SipAccount.objects.filter(pk__in=ending).update(state=SipAccount.State.DELETING)
    return answers


def _deletion(account: SipAccount) -> dict[str, Any]:
    check_active(account)
    return {"sip_id": account.vendor_id, "username": account.username}


def _locked(ids: Iterable[int]) -> list[SipAccount]:
    """In one order, whoever asks, so that nobody waits in a circle."""
    rows = SipAccount.objects.filter(pk__in=list(ids)).defer("password").order_by("connection", "pk")
    return list(rows.select_related("connection__tenant").select_for_update(of=("self",)))


def _promised(
    kind: Kind, accounts: Sequence[SipAccount], payload: Callable[[SipAccount], dict[str, Any]], acting_user: Any
) -> dict[int, Answer]:
    """Each with its payload, unless that raises NotPromised."""
    answers: dict[int, Answer] = {}
    for connection, some in groupby(accounts, key=lambda account: account.connection):
        promises: dict[int, Promise] = {}
        for account in some:
            try:
                promises[account.pk] = _promise(account, payload(account))
            except NotPromised as refusal:
                answers[account.pk] = refusal
        made = submit_many(kind, connection=connection, promises=promises.values(), acting_user=acting_user)
        answers |= dict(zip(promises, made, strict=True))
    return answers


def _promise(account: SipAccount, payload: dict[str, Any]) -> Promise:
    return Promise(account, account.username, payload, account.lane)
