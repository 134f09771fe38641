"""The vendor's posts as they are on the wire, made by hand so that a test can turn each screw of them."""

import hashlib
import hmac
import json
from itertools import count
from urllib.parse import urlsplit

from django.test import Client
from django.utils import timezone

from messaging.models import Message, Report, Sending, SigningKey
from messaging.reports import applying, intake
from messaging.reports.addresses import report_url
from portal.vendors.models import Connection

SECRET = "secret-of-the-signing-key"
_numbers = count(1)


def some_key(connection: Connection, key_id: str = "wk_1", secret: str = SECRET, state: str = "active") -> SigningKey:
    """In the caller's scope. What processes remember of keys is forgotten."""
    key = SigningKey.objects.create(
        tenant_id=connection.tenant_id, connection=connection, key_id=key_id, secret=secret, state=state
    )
    intake.keyring.forget()
    return key


def some_sending(campaign, *, document_id: str = "", number: int = 1) -> Sending:
    """Of the campaign's first batch, whose messages were handed over. In the caller's scope."""
    batch = campaign.batches.order_by("number").first()
    Message.objects.filter(batch=batch).update(state="handed_over")
    return Sending.objects.create(
        tenant_id=campaign.tenant_id,
        batch=batch,
        connection=campaign.connection,
        number=number,
        messages=batch.messages.count(),
        document_id=document_id,
    )


def path_of(sending: Sending) -> str:
    return urlsplit(report_url(sending)).path


def report_body(number: str | None, status: int, **fields: object) -> bytes:
    """As the vendor writes it, with an identity of its own; a field given as None is left out."""
    told = {
        "DLRID": f"dlr-{next(_numbers)}",
        "MessageType": "sms_dlr",
        "RecipientPhonenumber": number,
        "StatusCode": status,
        "StatusDateTime": int(timezone.now().timestamp()),
    } | fields
    return json.dumps({name: value for name, value in told.items() if value is not None}).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(path: str, body: bytes, *, secret: str = SECRET, key_id: str = "wk_1", **headers: str) -> int:
    """The status that the vendor gets. `headers` override the vendor's own."""
    told = {
        "X-KPN-Webhook-Signature": signature(body, secret),
        "X-KPN-Webhook-Timestamp": str(int(timezone.now().timestamp())),
        "X-KPN-Webhook-Key-Id": key_id,
        "X-KPN-Webhook-Attempt": "1",
    } | headers
    return Client().post(path, data=body, content_type="application/json", headers=told).status_code


def work_off(connection: Connection) -> int:
    """What the worker does when the bell rings."""
    return applying.process(connection.tenant_id, connection.pk)


def outcomes(mailroom) -> list[str]:
    """In the order in which the reports came."""
    with mailroom.scope():
        return list(Report.objects.order_by("pk").values_list("outcome", flat=True))
