"""What people do with connections to vendors. Credentials go in and are never shown again."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now

from portal.audit.trail import record
from portal.tenancy.models import Tenant
from portal.vendors.addresses import check_base_url, check_token_url
from portal.vendors.models import Connection, ConnectionState

# What the audit trail tells of a connection; its credentials are told as "replaced".
TOLD = ("name", "base_url", "token_url", "environment", "credentials_end_on")
FORGET_TOKEN = {
    "access_token": "",
    "token_expires_at": None,
    "token_renewing_until": None,
    "token_renewer": None,
    "token_refused_until": None,
}
FORGET_QUOTA = {
    "quota_limit": None,
    "quota_used": None,
    "quota_interval": "",
    "quota_resets_at": None,
    "quota_seen_at": None,
    "quiet_until": None,
}


class NameTaken(Exception):
    """The tenant has a connection of this name to this vendor."""


@dataclass(frozen=True)
class Account:
    """Where a vendor's API is, and what opens it. Empty credentials mean: those that are stored."""

    name: str
    base_url: str
    token_url: str
    environment: str
    credentials_end_on: date | None = None
    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)

    def check(self) -> None:
        """Raises ValidationError for an address that may not be called."""
        check_base_url(self.base_url)
        check_token_url(self.token_url)


@transaction.atomic
def add_connection(
    tenant: Tenant, vendor: str, account: Account, *, form_key: UUID | None = None, acting_user: Any
) -> Connection:
    """A new connection, ready to be tested; the one there is when this form was sent before.

    Raises NameTaken, and ValidationError for an address that may not be called.
    """
    account.check()
    if earlier := _sent_before(tenant, form_key):
        return earlier
    connection = Connection(tenant=tenant, vendor=vendor, form_key=form_key)
    _write(connection, account)
    ConnectionState.objects.create(tenant=tenant, connection=connection)
    connection.spec.created(connection)
    record(
        "vendors.connection_added",
        connection,
        after={"vendor": vendor} | {name: value for name, value in _told(connection).items() if value},
        acting_user=acting_user,
    )
    return connection


@transaction.atomic
def change_connection(connection: Connection, account: Account, *, acting_user: Any) -> Connection:
    """The connection as it is from now on; without a difference nothing is written.

    Raises NameTaken, and ValidationError for an address that may not be called.
    """
    account.check()
    connection = Connection.objects.select_for_update().get(pk=connection.pk)
    before, replaced = _told(connection), _replaced(connection, account)
    other_account = "client_id" in replaced or connection.base_url != account.base_url
    other_token = bool(replaced) or connection.token_url != account.token_url or other_account
    _write(connection, account)
    after = _told(connection)
    if other_token:
        _start_afresh(connection, other_account=other_account)
    if other_account or before["token_url"] != after["token_url"]:
        connection.spec.changed(connection, before["base_url"])
    if before != after or replaced:
        record(
            "vendors.connection_changed",
            connection,
            before={name: before[name] for name in TOLD if before[name] != after[name]},
            after={name: after[name] for name in TOLD if before[name] != after[name]}
            | dict.fromkeys(replaced, "replaced"),
            acting_user=acting_user,
        )
    return connection


@transaction.atomic
def enable_connection(connection: Connection, *, acting_user: Any) -> None:
    """Let calls be made again; what has been waiting goes on."""
    if Connection.objects.filter(pk=connection.pk, enabled=False).update(enabled=True):
        connection.enabled = True
        record("vendors.connection_enabled", connection, acting_user=acting_user)


@transaction.atomic
def disable_connection(connection: Connection, *, reason: str = "", acting_user: Any) -> None:
    """Make no further calls; what is waiting keeps waiting. A call under way is not stopped."""
    if Connection.objects.filter(pk=connection.pk, enabled=True).update(enabled=False):
        connection.enabled = False
        record("vendors.connection_disabled", connection, reason=reason, acting_user=acting_user)


@transaction.atomic
def take_note_of_version(connection: Connection, *, acting_user: Any) -> None:
    """End the notice that the vendor changed its API version. The notice of a sunset stays as long as the vendor says so."""
    state = ConnectionState.objects.select_for_update().get(connection=connection)
    if state.version_changed:
        ConnectionState.objects.filter(pk=state.pk).update(previous_api_version="")
        record(
            "vendors.version_noted",
            connection,
            before={"api_version": state.previous_api_version},
            after={"api_version": state.api_version},
            acting_user=acting_user,
        )


def _sent_before(tenant: Tenant, form_key: UUID | None) -> Connection | None:
    """A simultaneous second click waits here for the first."""
    if form_key is None:
        return None
    with database.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [tenant.pk % 2**31, str(form_key)])
    return Connection.objects.filter(tenant=tenant, form_key=form_key).first()


def _write(connection: Connection, account: Account) -> None:
    connection.name, connection.environment = account.name, account.environment
    connection.base_url, connection.token_url = account.base_url, account.token_url
    connection.credentials_end_on = account.credentials_end_on
    if account.client_id:
        connection.client_id = account.client_id
    if account.client_secret:
        connection.client_secret = account.client_secret
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as conflict:
        if "connection_name_once" not in str(conflict):
            raise
        raise NameTaken from None


def _told(connection: Connection) -> dict[str, str]:
    return {name: str(getattr(connection, name) or "") for name in TOLD}


def _replaced(connection: Connection, account: Account) -> list[str]:
    """Which of the credentials are entered anew. They are not compared: entering the same again also starts afresh."""
    return [name for name in ("client_id", "client_secret") if getattr(account, name)]


def _start_afresh(connection: Connection, *, other_account: bool) -> None:
    """Forget what was true of the old credentials or address, and let go what has been waiting for better ones.

    The generation moves on, so that a token on its way to an older worker is not stored any more.
    """
    state = ConnectionState.objects.filter(connection=connection)
    state.update(token_generation=F("token_generation") + 1, **FORGET_TOKEN, **(FORGET_QUOTA if other_account else {}))
    state.exclude(trouble=ConnectionState.Trouble.QUOTA).update(trouble="", trouble_message="", trouble_since=None)
    if other_account:
        state.update(trouble="", trouble_message="", trouble_since=None)
    # Operations know connections, not the other way round: by the relation alone.
    connection.operations.filter(status="waiting").exclude(trouble="").update(due_at=Now(), failures_in_a_row=0)
