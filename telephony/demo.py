"""The demo's telephony: an account at the vendor sandbox, SIP accounts over it, and a call script that is published.

Done by the portal's own verbs, each once, however often this runs; a worker carries out what is promised when one comes.
"""

import logging
import os
import secrets
from typing import Any
from uuid import UUID, uuid5

import requests
from django.conf import settings
from django.core.management.base import CommandError

from portal.local.demo import Demo
from portal.operations.promises import AlreadySubmitted
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from portal.vendors.connections import Account, add_connection
from portal.vendors.models import Connection
from telephony import sync
from telephony.models import CallScript, MirrorState
from telephony.operations import Wanted, create_sip_account
from telephony.scripts import authoring
from telephony.scripts.starters import FORWARD

logger = logging.getLogger(__name__)

STEPS = UUID("0d0a7a34-6c43-4a55-8d53-7a5a0b7c2f9e")
CLIENT_ID, NAME, SCRIPT = "acme-telephones", "Telephones", "Reception"
# There before the portal came, and made by Bob: username, name, internal and external number.
EARLIER = (("reception", "Reception", "100", "+31201234567"), ("boardroom", "Boardroom", "110", ""))
OURS = (
    ("anna", "Anna", "101", "+31201234571"),
    ("daan", "Daan", "102", "+31201234572"),
    ("emma", "Emma", "103", ""),
)


def load(demo: Demo) -> None:
    """Add what is missing. Raises CommandError, with the reason, when the sandbox cannot be commanded."""
    url, token = os.environ.get("SANDBOX_URL"), os.environ.get("SANDBOX_CONTROL_TOKEN")
    if not url or not token:
        logger.warning("There is no vendor sandbox here (SANDBOX_URL), so the demo has no telephony.")
        return
    tenant, people = demo.tenants["acme"], demo.people
    try:
        connection = _known(tenant) or _connect(tenant, people["adam"], url, token)
    except requests.RequestException as error:
        raise CommandError(
            f"The demo's telephony is not there: the vendor sandbox at {url} did not do what it was asked ({error}). "
            "Load it again with: make manage ARGS=load_demo"
        ) from error
    if not _was_read(tenant, connection):
        sync.read_connection(tenant.pk, connection.pk)
    with tenant_scope(tenant.pk):
        for username, *fields in OURS:
            _create(connection, username, Wanted(*fields), people["bob"])
        if not CallScript.objects.filter(tenant=tenant, name=SCRIPT).exists():
            script = authoring.create_script(tenant, SCRIPT, FORWARD, acting_user=people["adam"])
            authoring.publish(script, authoring.latest_version(script), acting_user=people["adam"])


def _known(tenant: Tenant) -> Connection | None:
    with tenant_scope(tenant.pk):
        rows = Connection.objects.filter(tenant=tenant, vendor="apidaze", name=NAME)
        return rows.select_related("tenant").first()


def _connect(tenant: Tenant, admin: Any, url: str, token: str) -> Connection:
    """With what the vendor has of it already; an account that is there only gets the new secret."""
    secret, session = secrets.token_urlsafe(24), requests.Session()
    session.trust_env, session.headers["X-Sandbox-Control"] = False, token
    place = f"{url}/_sandbox/accounts"
    known = CLIENT_ID in _done(session.get(place, timeout=5))["accounts"]
    _done(session.put(f"{place}/{CLIENT_ID}", json={"client_secret": secret}, timeout=5))
    for username, name, internal, external in () if known else EARLIER:
        body = {
            "username": username,
            "name": name,
            "internal_caller_id_number": internal,
            "external_caller_id_number": external,
        }
        _done(session.post(f"{place}/{CLIENT_ID}/behind/sip-accounts", json=body, timeout=5))
    account = Account(
        NAME,
        settings.APIDAZE_BASE_URL,
        settings.KPN_TOKEN_URL,
        Connection.Environment.PRODUCTION,
        client_id=CLIENT_ID,
        client_secret=secret,
    )
    with tenant_scope(tenant.pk):
        return add_connection(tenant, "apidaze", account, acting_user=admin)


def _done(answer: requests.Response) -> Any:
    """Raises requests.RequestException for a refusal."""
    answer.raise_for_status()
    return answer.json()


def _was_read(tenant: Tenant, connection: Connection) -> bool:
    with tenant_scope(tenant.pk):
        return MirrorState.objects.filter(connection=connection, read_at__isnull=False).exists()


def _create(connection: Connection, username: str, wanted: Wanted, who: Any) -> None:
    try:
        create_sip_account(
            connection, username, wanted, form_key=uuid5(STEPS, f"{connection.pk} {username}"), acting_user=who
        )
    except AlreadySubmitted:
        return
    except NotPromised as refusal:
        logger.info("demo: %s was left out: %s", username, refusal)
