"""Exchanging the code for tokens ("Authorization Code Grant Flow", d and e): by a worker, once, and what comes of it.

A code is good once, so nothing is sent twice: the claim is committed before the socket opens, and a lost answer means that the
person begins again.
"""

import json
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from portal.audit.trail import record
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.tenancy.sealing import SealBroken
from portal.vendors import mirrors
from portal.vendors.errors import VendorError, VendorUnavailable
from portal.vendors.line import Line
from portal.vendors.models import ConnectionState
from realtime import oauth
from realtime.grants import notices, times
from realtime.grants.consent import LIFE, redirect_uri
from realtime.grants.models import Consent, Grant
from realtime.grants.refreshing import secret_in_body, tokens_of
from realtime.grants.words import word_for
from realtime.models import RealtimeAccount

AT_ONCE = 100
KEPT = timedelta(days=30)


def open_exchanges() -> list[tuple[int, int]]:
    """(tenant, consent) of all tenants whose code waits for a worker, or was sent by one that never came back."""
    with staff_scope():
        rows = Consent.objects.filter(_open(), tenant__state="active").order_by("used_at")
        return list(rows.values_list("tenant_id", "pk")[:AT_ONCE])


def exchange(tenant_id: int, consent_id: int) -> None:
    """Get the tokens for one consent, unless somebody does so already."""
    with tenant_scope(tenant_id):
        consent = Consent.objects.select_related("connection", "user").filter(_open(), pk=consent_id).first()
        if consent is None or _given_up(consent):
            return
        fresh = Consent.objects.filter(pk=consent_id, exchange_sent_at=None, error="", done_at=None)
        if not fresh.update(exchange_sent_at=Now()):
            return
    line, error = Line(consent.connection), None
    try:
        tokens = _ask(consent, line)
    except VendorError as failure:
        error = failure
    with tenant_scope(tenant_id):
        line.close(error)
        if error is None:
            _connect(consent, tokens)
            mirrors.ask_for_reading(RealtimeAccount, consent.connection_id)
        else:
            _note(consent, error)


def forget_old() -> None:
    """Visits of all tenants that are over for long."""
    with staff_scope():
        Consent.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def _open() -> Q:
    return Q(used_at__isnull=False, done_at=None, error="") & (
        Q(exchange_sent_at=None) | Q(exchange_sent_at__lt=Now() - times.lease())
    )


def _given_up(consent: Consent) -> bool:
    """Its worker is gone with the answer, or the vendor was away for too long."""
    if consent.exchange_sent_at is not None:
        return _fail(consent, "answer_lost")
    if consent.used_at is not None and timezone.now() - consent.used_at > LIFE:
        return _fail(consent, "unreachable")
    return False


def _ask(consent: Consent, line: Line) -> oauth.Tokens:
    connection = consent.connection
    try:
        answer = json.loads(consent.answer.reveal())
        client_id, secret = connection.client_id.reveal(), connection.client_secret.reveal()
    except SealBroken:
        raise oauth.TokenRefused("What is stored does not open", vendor_code="invalid_client") from None
    return oauth.exchange_code(
        connection.token_url,
        client_id,
        secret,
        answer["code"],
        redirect_uri(),
        limits=times.refresh_limits(),
        redactor=line.redactor,
        on_call=line.heard_token,
        state=answer["state"],
        secret_in_body=secret_in_body(connection),
    )


def _note(consent: Consent, error: VendorError) -> None:
    if isinstance(error, oauth.TokenRefused):
        _fail(consent, word_for(error.oauth_error).code)
    elif isinstance(error, VendorUnavailable):
        # Nothing was sent, or it was turned away: the next sweep tries again, until the code is too old.
        Consent.objects.filter(pk=consent.pk).update(exchange_sent_at=None)
    else:
        _fail(consent, "server_error" if error.status == 500 else "answer_lost")


def _fail(consent: Consent, code: str) -> bool:
    if Consent.objects.filter(pk=consent.pk, done_at=None, error="").update(error=code, answer=""):
        record("realtime.consent_refused", consent, after={"error": code}, acting_user=consent.user)
    return True


@transaction.atomic
def _connect(consent: Consent, tokens: oauth.Tokens) -> None:
    """The grant as it is from now on: the one there is, with other tokens, so that what belongs to it stays."""
    scopes = list(tokens.scope) if tokens.scope else list(consent.scopes)
    grant = _grant_of(consent, scopes)
    Grant.objects.filter(pk=grant.pk).update(
        **tokens_of(grant, tokens),
        state=Grant.State.ACTIVE,
        scopes=scopes,
        why={},
        lost_at=None,
        generation=F("generation") + 1,
        granted_at=timezone.now(),
        granted_by=consent.user,
    )
    Consent.objects.filter(pk=consent.pk).update(done_at=timezone.now(), answer="")
    record("realtime.connected", grant, after={"scopes": " ".join(scopes)}, acting_user=consent.user)
    notices.grant_well(grant)
    if not consent.personal:
        _let_go(consent)


def _grant_of(consent: Consent, scopes: list[str]) -> Grant:
    whose = {"connection": consent.connection, "user": consent.user if consent.personal else None}
    rows = Grant.objects.select_for_update(of=("self",)).exclude(state=Grant.State.ENDED)
    return rows.filter(**whose).first() or Grant.objects.create(
        tenant_id=consent.tenant_id, scopes=scopes, granted_by=consent.user, **whose
    )


def _let_go(consent: Consent) -> None:
    """What waited for the company's grant goes on, as with new credentials."""
    refused = ConnectionState.Trouble.CREDENTIALS
    ConnectionState.objects.filter(connection=consent.connection, trouble=refused).update(
        trouble="", trouble_message="", trouble_since=None
    )
    waiting = consent.connection.operations.filter(status="waiting").exclude(trouble="")
    waiting.update(due_at=Now(), failures_in_a_row=0)
