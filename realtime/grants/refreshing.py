"""Refreshing a grant: both tokens are given anew and all earlier ones die, so one process at a time asks, once a generation.

A claim is one conditional UPDATE that also notes that a refresh is about to be sent; it is committed before the socket opens.
The answer is stored before anything uses it. While `refresh_sent_at` stands nobody sends another one: `realtime.grants.losing`
finds out what became of it.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.sentences import Sentence
from portal.tenancy.scope import tenant_scope
from portal.tenancy.sealing import SealBroken, sealed_for
from portal.vendors.errors import (
    VendorCredentialsRejected,
    VendorError,
    VendorThrottled,
    VendorUnavailable,
)
from portal.vendors.http import CallRecord, Redactor
from portal.vendors.models import Connection
from realtime import oauth
from realtime.grants import notices, times
from realtime.grants.ending import lose
from realtime.grants.models import Grant
from realtime.models import RealtimeAccount

INVALID_GRANT = "invalid_grant"
GRANT_OVER = gettext_noop("The vendor says that the permission is over or was withdrawn.")


class Refresh:
    """One try to refresh `grant` as it was read. `take()` and, when that is True, `send()`."""

    def __init__(
        self, grant: Grant, connection: Connection, redactor: Redactor, on_call: Callable[[CallRecord], None]
    ) -> None:
        self._grant, self._connection = grant, connection
        self._redactor, self._on_call = redactor, on_call
        self._renewer = uuid4()

    def take(self) -> bool:
        """May this process send the refresh? True for one at a time, and for nobody while an answer is missing."""
        self._send_by = time.monotonic() + times.LEASE_MARGIN.total_seconds() / 2
        with tenant_scope(self._grant.tenant_id):
            return bool(
                self._rows()
                .filter(Q(renewing_until=None) | Q(renewing_until__lt=Now()))
                .filter(state=Grant.State.ACTIVE, refresh_sent_at=None)
                .update(renewing_until=Now() + times.lease(), renewer=self._renewer, refresh_sent_at=Now())
            )

    def send(self) -> None:
        """Ask for new tokens and store them. Raises the VendorUnavailable family; nothing is sent twice."""
        try:
            tokens = self._ask()
        except oauth.TokenRefused as refusal:
            self._refused(refusal)
            raise VendorCredentialsRejected(
                "The vendor refused to renew the access token",
                status=refusal.status,
                vendor_message=refusal.vendor_message,
            ) from None
        except VendorUnavailable as error:
            self._release(_rest_of(error, self._grant.refresh_failures))
            raise
        except VendorError as error:
            self._doubt()
            raise VendorUnavailable(f"New tokens were asked for, and their answer is lost: {error.message}") from None
        self._store(tokens)

    def _ask(self) -> oauth.Tokens:
        try:
            client_id, secret = self._connection.client_id.reveal(), self._connection.client_secret.reveal()
            refresh_token = self._grant.refresh_token.reveal()
        except SealBroken:
            raise VendorCredentialsRejected("What is stored does not open with the portal's sealing keys") from None
        return oauth.refresh(
            self._connection.token_url,
            client_id,
            secret,
            refresh_token,
            limits=times.refresh_limits(),
            redactor=self._redactor,
            on_call=self._on_call,
            secret_in_body=secret_in_body(self._connection),
            send_by=self._send_by,
        )

    def _store(self, tokens: oauth.Tokens) -> None:
        """Also into a grant that was given up meanwhile: an answer that was only late heals it."""
        grant = self._grant
        self._redactor.learn(tokens.access)
        with tenant_scope(grant.tenant_id):
            stored = (
                self._mine()
                .exclude(state=Grant.State.ENDED)
                .update(
                    **tokens_of(grant, tokens),
                    state=Grant.State.ACTIVE,
                    lost_at=None,
                    why={},
                    generation=grant.generation + 1,
                )
            )
            if stored:
                notices.grant_well(grant)
        if not stored:
            raise VendorUnavailable("The permission was changed while its tokens were renewed")

    def _refused(self, refusal: oauth.TokenRefused) -> None:
        """An end of the grant ends it here, too. A refused client is the connection's trouble and leaves the grant alone."""
        expired = self._grant.access_expires_at is None or self._grant.access_expires_at <= timezone.now()
        if refusal.oauth_error == INVALID_GRANT or (not refusal.oauth_error and refusal.status == 401 and expired):
            with tenant_scope(self._grant.tenant_id):
                lose(self._mine().filter(state=Grant.State.ACTIVE), Sentence(GRANT_OVER))
        else:
            self._release(times.LONGEST_REST)

    def _release(self, rest: timedelta) -> None:
        with tenant_scope(self._grant.tenant_id):
            self._mine().update(
                renewing_until=Now() + rest,
                renewer=None,
                refresh_sent_at=None,
                refresh_failures=F("refresh_failures") + 1,
            )

    def _doubt(self) -> None:
        """It is looked at soon; until then the vendor may be at work still."""
        with tenant_scope(self._grant.tenant_id):
            self._mine().update(renewing_until=Now() + times.settling_time())

    def _rows(self) -> QuerySet[Grant]:
        return Grant.objects.filter(pk=self._grant.pk, generation=self._grant.generation)

    def _mine(self) -> QuerySet[Grant]:
        return self._rows().filter(renewer=self._renewer)


def tokens_of(grant: Grant, tokens: oauth.Tokens) -> dict[str, Any]:
    """What a grant keeps of new tokens, for an UPDATE of its row; nothing of a refresh is under way then."""
    return {
        "access_token": sealed_for(grant, "access_token", tokens.access),
        "refresh_token": sealed_for(grant, "refresh_token", tokens.refresh),
        "access_issued_at": tokens.issued_at,
        "access_expires_at": tokens.expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "refresh_due_at": times.due_at(tokens.issued_at, tokens.expires_at),
        "renewing_until": None,
        "renewer": None,
        "refresh_sent_at": None,
        "refresh_failures": 0,
    }


def _rest_of(error: VendorUnavailable, failures: int) -> timedelta:
    if isinstance(error, VendorThrottled):
        return min(max(error.retry_at - timezone.now(), timedelta()), times.LONGEST_REST)
    return times.rest_after(failures)


def secret_in_body(connection: Connection) -> bool:
    """Where the connection's account has its client secret: in the body, or in the header."""
    with tenant_scope(connection.tenant_id):
        return RealtimeAccount.objects.filter(connection=connection, secret_in_body=True).exists()
