"""Rows behind the pages of signing keys, delivery reports and replies."""

from typing import Any

from django.utils import timezone

from messaging.models import Forward, InboundMessage, SigningKey, UnverifiedReport, VirtualNumber
from portal.vendors.models import Connection
from tests.fixtures.account import connected

WITHOUT_ARGUMENTS = [
    "keys", "keys_now", "keys_refresh", "key_stage", "account_change", "reports_health", "talks", "numbers", "number_new",
]  # fmt: skip
OF_A_KEY = ["key_activate", "key_retire", "key_delete", "key_secret"]
OF_A_NUMBER = ["number", "number_change", "number_secret"]


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    connection = some_connection(tenant)
    key, number = some_keys(connection).pk, some_number(connection)
    found: dict[str, dict[str, Any]] = {name: {} for name in WITHOUT_ARGUMENTS}
    found |= {name: {"pk": key} for name in OF_A_KEY}
    found |= {name: {"pk": number.pk} for name in OF_A_NUMBER}
    found["talk"] = {"pk": some_inbound(number).pk}
    return {f"messaging:{name}": arguments for name, arguments in found.items()}


def some_connection(tenant, name: str = "Reports") -> Connection:
    return connected(tenant, "kpn_sms", name, client_id="account-of-the-reports", client_secret="secret-of-the-reports")


def some_keys(connection: Connection) -> SigningKey:
    """One in use, and a staged one."""
    keys = [
        SigningKey.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            key_id=f"wk_{state}",
            secret="secret-of-a-key",
            state=state,
        )
        for state in ("active", "staged")
    ]
    UnverifiedReport.objects.create(
        tenant_id=connection.tenant_id, connection=connection, day=timezone.now().date(), reason="unsigned", count=3
    )
    return keys[1]


def some_number(connection: Connection) -> VirtualNumber:
    return VirtualNumber.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        number="+3197000000001",
        name="Helpdesk",
        forward_to_url="https://example.com/sms",
        forward_secret="secret-of-a-number",
    )


def some_inbound(number: VirtualNumber) -> InboundMessage:
    message = InboundMessage.objects.create(
        tenant_id=number.tenant_id,
        connection_id=number.connection_id,
        to=number,
        sender="+31612345671",
        text="Stop",
        vendor_id=f"inbound-{number.pk}",
        stop_word="STOP",
    )
    Forward.objects.create(
        tenant_id=number.tenant_id, inbound=message, way="url", target=number.forward_to_url, error="It was away."
    )
    return message
