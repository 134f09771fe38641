"""The way to the vendor's consent page and back ("Authorization Code Grant Flow").

The `state` is a secret of one visit: bound to session, company and person, answered once, within ten minutes. What comes back
is stored first; a worker exchanges the code for tokens (`realtime.grants.exchanging`).
"""

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from kombu.exceptions import OperationalError

from portal.audit.trail import record
from portal.sentences import Sentence
from portal.tenancy.models import Membership
from portal.tenancy.roles import Role
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.tenancy.sealing import sealed_for
from portal.vendors.models import Connection
from realtime.grants.models import Consent
from realtime.grants.words import OTHER
from realtime.models import RealtimeAccount
from realtime.oauth import consent_url

logger = logging.getLogger(__name__)

LIFE = timedelta(minutes=10)
REDIRECT_PATH = "/live/connected"
LONGEST_CODE = 2_000
_ERROR = re.compile(r"[a-z_]{1,60}")

NO_STATE = gettext_noop("The answer from the vendor does not say which visit it belongs to. Nothing was connected.")
UNKNOWN_STATE = gettext_noop("The portal has not asked for this answer. Nothing was connected.")
OTHER_SESSION = gettext_noop(
    "This answer belongs to another person or another sign-in than yours. Nothing was connected: begin again in this browser."
)
USED = gettext_noop("This answer was used already, and counts once only. Nothing was changed by it now.")
CHANGED = gettext_noop("The connection was changed since you left for the vendor. Nothing was connected: begin again.")
TOO_LATE = gettext_noop("The answer came more than ten minutes after you left for the vendor. Nothing was connected.")
NOT_ALLOWED = gettext_noop("Your role in the company does not allow this any more. Nothing was connected.")
SUSPENDED = gettext_noop("The company is suspended. Nothing was connected.")


class ConsentRefused(Exception):
    """The answer from the vendor's page is not taken, and nothing was stored. `str()` is a sentence for the person."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.sentence = Sentence(text)

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True)
class Visit:
    """A consent that was begun, and the address of the vendor's page for it."""

    consent: Consent
    url: str


@dataclass(frozen=True)
class Answer:
    """What the vendor's page gave back in the address: a code or an error, and the state."""

    state: str = ""
    code: str = ""
    error: str = ""


def redirect_uri() -> str:
    """What is entered at the vendor as the application's redirect URL."""
    return settings.PORTAL_URL + REDIRECT_PATH


@transaction.atomic
def begin(
    connection: Connection, scopes: Sequence[str], *, personal: bool, session_key: str, acting_user: Any
) -> Visit:
    """A visit to the vendor's page by this person in this session."""
    state = secrets.token_urlsafe(32)
    consent = Consent.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        user=acting_user,
        personal=personal,
        scopes=list(scopes),
        digest=_digest(state),
        session_digest=_digest(session_key),
    )
    account = RealtimeAccount.objects.get(connection=connection)
    record("realtime.consent_begun", consent, after={"scopes": " ".join(scopes)}, acting_user=acting_user)
    return Visit(
        consent,
        consent_url(
            account.authorize_url,
            client_id=connection.client_id.reveal(),
            redirect_uri=redirect_uri(),
            state=state,
            scopes=scopes,
        ),
    )


def take_answer(answer: Answer, *, session_key: str, acting_user: Any) -> Consent:
    """Store what came back, once. Raises ConsentRefused, after which nothing is stored and the visit is as it was."""
    consent = _find(answer.state)
    with tenant_scope(consent.tenant_id):
        _check(consent, session_key, acting_user)
        error = _error_in(answer)
        told = "" if error else json.dumps({"code": answer.code, "state": answer.state})
        mine = Consent.objects.filter(pk=consent.pk, used_at=None, error="").update(
            used_at=timezone.now(), error=error, answer=sealed_for(consent, "answer", told) if told else ""
        )
        if not mine:
            raise ConsentRefused(USED)
        if not error:
            transaction.on_commit(partial(_ring, consent.tenant_id, consent.pk))
        else:
            record("realtime.consent_refused", consent, after={"error": error}, acting_user=acting_user)
    return consent


def _find(state: str) -> Consent:
    """In staff scope: whose it is stands in the row. Everything else is done in its own company's."""
    if not state:
        raise ConsentRefused(NO_STATE)
    with staff_scope():
        consent = Consent.objects.select_related("tenant").filter(digest=_digest(state)).first()
    if consent is None:
        raise ConsentRefused(UNKNOWN_STATE)
    return consent


def _check(consent: Consent, session_key: str, person: Any) -> None:
    if consent.user_id != person.pk or not secrets.compare_digest(consent.session_digest, _digest(session_key)):
        raise ConsentRefused(OTHER_SESSION)
    if consent.used_at is not None:
        raise ConsentRefused(USED)
    if consent.error:
        raise ConsentRefused(CHANGED)
    if timezone.now() - consent.created_at > LIFE:
        raise ConsentRefused(TOO_LATE)
    if consent.tenant.suspended:
        raise ConsentRefused(SUSPENDED)
    member = Membership.objects.filter(tenant=consent.tenant_id, user=person).first()
    if member is None or not member.allows(Role.VIEWER if consent.personal else Role.ADMIN):
        raise ConsentRefused(NOT_ALLOWED)


def _ring(tenant_id: int, consent_id: int) -> None:
    try:
        current_app.send_task(
            "realtime.tasks.exchange_consent", args=(tenant_id, consent_id), queue="sync", retry=False
        )
    except OperationalError:
        logger.warning("the broker is away; the sweep will exchange consent %s", consent_id)


def _error_in(answer: Answer) -> str:
    """The vendor's own code where it is one; "" for an answer with a usable code to exchange."""
    if not answer.error and 0 < len(answer.code) <= LONGEST_CODE and answer.code.isprintable():
        return ""
    return answer.error if _ERROR.fullmatch(answer.error) else OTHER


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
