"""The lists of telephony: what their columns say, and how an address narrows them."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec, register
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.vendors.models import SEALED_OF_CONNECTION
from telephony.forms import AccountFilter, DifferenceFilter
from telephony.models import Drift, SipAccount
from telephony.scripts.lists import SCRIPTS


def _accounts(tenant: Tenant) -> QuerySet[SipAccount]:
    rows = SipAccount.objects.for_list().filter(tenant=tenant)
    return rows.select_related("requested_by", "connection").defer("password", *SEALED_OF_CONNECTION)


SIP_ACCOUNTS = ListSpec(
    key="telephony.sip_accounts",
    label=_("SIP accounts"),
    url_name="telephony:sip_accounts",
    role=Role.VIEWER,
    columns=(
        Column("username", _("Username"), lambda row: row.username, order=("username", "pk")),
        Column("name", _("Name"), lambda row: row.name, order=("name", "pk")),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("internal_name", _("Internal caller ID name"), lambda row: row.internal_name),
        Column("internal_number", _("Internal caller ID number"), lambda row: row.internal_number),
        Column("external_name", _("External caller ID name"), lambda row: row.external_name),
        Column("external_number", _("External caller ID number"), lambda row: row.external_number),
        Column("mwi_account", _("Voicemail (MWI) account"), lambda row: row.mwi_account),
        Column("telephone", _("Telephone"), lambda row: row.get_registration_display()),
        Column("status_read", _("Status read"), lambda row: row.status_read_at),
        Column("vendor_id", _("Vendor's ID"), lambda row: row.vendor_id),
        Column("connection", _("Connection"), lambda row: row.connection.name),
        Column("created", _("Asked for"), lambda row: row.created_at, order=("created_at", "pk")),
        Column("by", _("Asked by"), lambda row: row.requested_by.email if row.requested_by else None),
        Column("made", _("Created at the vendor"), lambda row: row.vendor_created_at),
        Column("updated", _("Updated at the vendor"), lambda row: row.vendor_updated_at),
        Column("deleted", _("Deleted"), lambda row: row.deleted_at),
    ),
    rows=_accounts,
    form=lambda data, tenant: AccountFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
)


def _differences(tenant: Tenant) -> QuerySet[Drift]:
    rows = Drift.objects.filter(tenant=tenant).select_related("decided_by", "connection")
    return rows.defer(*SEALED_OF_CONNECTION)


DIFFERENCES = ListSpec(
    key="telephony.differences",
    label=_("Differences"),
    url_name="telephony:differences",
    role=Role.VIEWER,
    columns=(
        Column("kind", _("Difference"), lambda row: row.get_kind_display()),
        Column("username", _("Username"), lambda row: row.key),
        Column("vendor_id", _("Vendor's ID"), lambda row: row.vendor_id),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("connection", _("Connection"), lambda row: row.connection.name),
        Column("first", _("First seen"), lambda row: row.first_seen_at, order=("first_seen_at", "pk")),
        Column("last", _("Last seen"), lambda row: row.last_seen_at),
        Column("decided_by", _("Decided by"), lambda row: row.decided_by.email if row.decided_by else None),
        Column("decided", _("Decided"), lambda row: row.decided_at),
        Column("reason", _("Reason"), lambda row: row.reason),
    ),
    rows=_differences,
    form=lambda data, tenant: DifferenceFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("-first_seen_at", "-pk"),
)


def register_lists() -> None:
    for spec in (SIP_ACCOUNTS, DIFFERENCES, SCRIPTS):
        register(spec)
