"""The connection's one access token, and its turn at the quota: what all workers of a connection share.

Both are kept in the connection's state and taken by conditional UPDATEs by the database's clock, so that nothing is held
while the vendor is asked, and a worker that dies delays the others by its lease at most.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.tenancy.sealing import SealBroken, sealed_for
from portal.vendors.errors import VendorCredentialsRejected, VendorThrottled, VendorUnavailable
from portal.vendors.http import AccessToken, CallRecord, Limits, Quota, Redactor, fetch_token, pace
from portal.vendors.models import Connection, ConnectionState

# A token is renewed when this little of its life is left: enough for a slow vendor, and little of an hour.
RENEW_BEFORE_END = timedelta(seconds=60)
# A renewal that took its whole time-out still ends before its lease.
LEASE_MARGIN = timedelta(seconds=5)
LOOK_AGAIN_SECONDS = 0.05
# Credentials that were just refused will be refused again: asking for each waiting operation may lock the account.
REST_AFTER_REFUSAL = timedelta(seconds=30)
# A turn that comes this soon is waited for; before a later one the worker can do something else.
SOON = timedelta(seconds=1)
LONGEST_QUEUEING_SECONDS = 5.0


class SharedToken:
    """A `TokenSource` for one line. Raises the VendorUnavailable family only, before anything is sent."""

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        redactor: Redactor,
        on_call: Callable[[CallRecord], None],
        known: ConnectionState | None = None,
    ) -> None:
        self._known = known
        self._connection, self._limits, self._redactor, self._on_call = connection, limits, redactor, on_call
        self._has_its_turn = False

    def current(self) -> str:
        """Also the place where a call waits for its turn at the quota: nothing is sent without a token."""
        state = self._await_turn()
        if not _live(state, timedelta()):
            return self._renewed(state)
        if not _live(state, RENEW_BEFORE_END):
            return self._renewed_early(state)
        return self._reveal(state)

    def renew(self, rejected: str) -> str:
        state = self._state()
        return self._renewed(state) if _token_in(state) in ("", rejected) else self._reveal(state)

    # --- The token ---

    def _renewed_early(self, state: ConnectionState) -> str:
        """One worker fetches; the others use what is still good, and so does this one when nothing comes of it."""
        if not self._claim(state):
            return self._reveal(state)
        try:
            return self._fetch(state)
        except VendorUnavailable:
            return self._reveal(state)

    def _renewed(self, state: ConnectionState) -> str:
        """A token of a later generation than `state`, fetched here or by whoever is faster."""
        give_up = time.monotonic() + self._limits.total_timeout
        generation = state.token_generation
        while time.monotonic() < give_up:
            if state.token_generation != generation:
                return self._reveal(state)
            _refuse_while_refused(state)
            if self._claim(state):
                return self._fetch(state)
            time.sleep(LOOK_AGAIN_SECONDS)
            state = self._state()
        raise VendorUnavailable("another worker did not finish renewing the access token")

    def _claim(self, state: ConnectionState) -> bool:
        """May this worker fetch the next token? True for one at a time."""
        self._renewer = uuid4()
        lease = Now() + timedelta(seconds=self._limits.total_timeout) + LEASE_MARGIN
        with tenant_scope(self._connection.tenant_id):
            return bool(
                self._rows()
                .filter(Q(token_renewing_until=None) | Q(token_renewing_until__lt=Now()))
                .filter(Q(token_refused_until=None) | Q(token_refused_until__lte=Now()))
                .filter(token_generation=state.token_generation)
                .update(token_renewing_until=lease, token_renewer=self._renewer)
            )

    def _fetch(self, state: ConnectionState) -> str:
        connection = self._connection
        try:
            token = fetch_token(
                connection.token_url,
                *_credentials(connection),
                limits=self._limits,
                redactor=self._redactor,
                on_call=self._on_call,
            )
        except VendorCredentialsRejected:
            self._release(token_refused_until=Now() + REST_AFTER_REFUSAL)
            raise
        except BaseException:
            self._release()
            raise
        self._redactor.learn(token.value)
        self._store(state, token)
        return token.value

    def _release(self, **changes: object) -> None:
        with tenant_scope(self._connection.tenant_id):
            mine = self._rows().filter(token_renewer=self._renewer)
            mine.update(token_renewing_until=None, token_renewer=None, **changes)

    def _store(self, state: ConnectionState, token: AccessToken) -> None:
        """Unless a later generation is there by now: the lease ran out, or the credentials were changed."""
        with tenant_scope(self._connection.tenant_id):
            self._rows().filter(token_generation=state.token_generation).update(
                access_token=sealed_for(state, "access_token", token.value),
                token_expires_at=token.expires_at,
                token_generation=state.token_generation + 1,
                token_renewing_until=None,
                token_renewer=None,
                token_refused_until=None,
            )

    def _state(self) -> ConnectionState:
        with tenant_scope(self._connection.tenant_id):
            return self._rows().get()

    def _rows(self) -> QuerySet[ConnectionState]:
        return ConnectionState.objects.filter(connection=self._connection)

    def _reveal(self, state: ConnectionState) -> str:
        value = _token_in(state)
        self._redactor.learn(value)
        return value

    # --- The turn ---

    def _await_turn(self) -> ConnectionState:
        """The state when a call may leave. Raises VendorThrottled when that is not soon.

        Near the quota's end each line takes one turn, and keeps it for the calls that belong together.
        """
        give_up = time.monotonic() + LONGEST_QUEUEING_SECONDS
        while True:
            state, self._known = self._known or self._state(), None
            wait = self._wait_of(state)
            if not wait and (self._has_its_turn or self._takes_turn(state)):
                self._has_its_turn = True
                return state
            if wait > SOON or state.quota_used_up or time.monotonic() > give_up:
                raise VendorThrottled("The quota allows no call now", retry_at=timezone.now() + wait)
            time.sleep(max(wait.total_seconds(), LOOK_AGAIN_SECONDS))

    def _wait_of(self, state: ConnectionState) -> timedelta:
        if state.quiet_until is None or (self._has_its_turn and not state.quota_used_up):
            return timedelta()
        return max(state.quiet_until - timezone.now(), timedelta())

    def _takes_turn(self, state: ConnectionState) -> bool:
        """True for one line at a time while calls are slowed down, and always when there is quota enough."""
        slow = _pace_of(state)
        if not slow:
            return True
        with tenant_scope(self._connection.tenant_id):
            free = self._rows().filter(Q(quiet_until=None) | Q(quiet_until__lte=Now()))
            return bool(free.update(quiet_until=Now() + slow))


def _live(state: ConnectionState, margin: timedelta) -> bool:
    return bool(state.token_expires_at and state.token_expires_at - margin > timezone.now() and _token_in(state))


def _token_in(state: ConnectionState) -> str:
    """ "" also for a token whose sealing key is gone: another one is to be had."""
    try:
        return state.access_token.reveal()
    except SealBroken:
        return ""


def _credentials(connection: Connection) -> tuple[str, str]:
    try:
        return connection.client_id.reveal(), connection.client_secret.reveal()
    except SealBroken:
        raise VendorCredentialsRejected("The stored credentials do not open with the portal's sealing keys") from None


def _refuse_while_refused(state: ConnectionState) -> None:
    if state.token_refused_until and state.token_refused_until > timezone.now():
        raise VendorCredentialsRejected("The token endpoint rejected the credentials a moment ago")


def _pace_of(state: ConnectionState) -> timedelta:
    """How far apart calls should be, by the quota as last told; none once it has started anew."""
    now = timezone.now()
    if (
        state.quota_limit is None
        or state.quota_used is None
        or not state.quota_resets_at
        or state.quota_resets_at <= now
    ):
        return timedelta()
    return pace(Quota(state.quota_limit, state.quota_used, resets_at=state.quota_resets_at), now)
