"""Where a call over a grant gets its token from: what is stored, renewed by one process at a time for all of them."""

import time
from collections.abc import Callable

from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.tenancy.sealing import SealBroken
from portal.vendors.errors import VendorConsentMissing, VendorCredentialsRejected, VendorUnavailable
from portal.vendors.http import CallRecord, Limits, Redactor
from portal.vendors.models import Connection, ConnectionState
from realtime.grants import times
from realtime.grants.models import Grant
from realtime.grants.refreshing import Refresh

LOOK_AGAIN_SECONDS = 0.1


class GrantTokens:
    """A `TokenSource` of one grant; without `grant_id` of the company's. Raises the VendorUnavailable family only."""

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        redactor: Redactor,
        on_call: Callable[[CallRecord], None],
        known: ConnectionState | None = None,
        *,
        grant_id: int | None = None,
    ) -> None:
        self._connection, self._limits, self._redactor, self._on_call = connection, limits, redactor, on_call
        self._grant_id = grant_id

    def current(self) -> str:
        """What is stored, while it lives; whoever finds it close to its end renews it early."""
        grant = self._grant()
        if _over(grant):
            return self._renewed(grant)
        if _due(grant):
            return self._renewed_early(grant)
        return self._reveal(grant)

    def renew(self, rejected: str) -> str:
        """Raises VendorCredentialsRejected for a token that the vendor refuses though it gave it a moment ago."""
        grant = self._grant()
        if _token_in(grant) != rejected:
            return self._reveal(grant)
        born = grant.access_issued_at
        if grant.refresh_sent_at is None and born and timezone.now() - born < times.TOO_YOUNG:
            raise VendorCredentialsRejected("The vendor refuses a token that it gave a moment ago")
        return self._renewed(grant)

    def refresh_due(self) -> None:
        """Renew it if that is due and nobody else is at it; nobody waits for it."""
        grant = self._grant()
        if _due(grant):
            refresh = self._refresh(grant)
            if refresh.take():
                refresh.send()

    def _renewed_early(self, grant: Grant) -> str:
        """The others use what is still good, and so does this one when nothing comes of it."""
        refresh = self._refresh(grant)
        if not refresh.take():
            return self._reveal(grant)
        try:
            refresh.send()
        except VendorUnavailable:
            return self._reveal(grant)
        return self._reveal(self._grant())

    def _renewed(self, grant: Grant) -> str:
        """A token of a later generation, fetched here or by whoever is faster."""
        give_up, generation = time.monotonic() + self._limits.total_timeout, grant.generation
        while time.monotonic() < give_up:
            if grant.generation != generation:
                return self._reveal(grant)
            refresh = self._refresh(grant)
            if refresh.take():
                refresh.send()
            elif _resting(grant):
                raise VendorUnavailable("The access token could not be renewed a moment ago")
            else:
                time.sleep(LOOK_AGAIN_SECONDS)
            grant = self._grant()
        raise VendorUnavailable("Another process did not finish renewing the access token")

    def _refresh(self, grant: Grant) -> Refresh:
        return Refresh(grant, self._connection, self._redactor, self._on_call)

    def _grant(self) -> Grant:
        """Raises VendorUnavailable, of the company's VendorConsentMissing, when somebody has to connect (again)."""
        with tenant_scope(self._connection.tenant_id):
            grants = Grant.objects.filter(connection=self._connection).exclude(state=Grant.State.ENDED)
            grant = grants.filter(pk=self._grant_id).first() if self._grant_id else grants.filter(user=None).first()
        if grant is not None and grant.state == Grant.State.ACTIVE:
            return grant
        if (grant is not None and grant.personal) or self._grant_id:
            # One person's permission says nothing about the company's connection.
            raise VendorUnavailable("The permission is lost or ended: its person has to connect again")
        raise VendorConsentMissing("Nobody allowed this at the vendor, or the permission is lost: connect again")

    def _reveal(self, grant: Grant) -> str:
        value = _token_in(grant)
        if not value:
            raise VendorCredentialsRejected("The stored token does not open with the portal's sealing keys")
        self._redactor.learn(value)
        return value


CompanyTokens = GrantTokens


def _over(grant: Grant) -> bool:
    return grant.access_expires_at is None or grant.access_expires_at <= timezone.now()


def _due(grant: Grant) -> bool:
    return grant.refresh_due_at is not None and grant.refresh_due_at <= timezone.now()


def _resting(grant: Grant) -> bool:
    """Nothing is under way: a try failed, and the next one waits."""
    return grant.refresh_sent_at is None and bool(grant.renewing_until and grant.renewing_until > timezone.now())


def _token_in(grant: Grant) -> str:
    try:
        return grant.access_token.reveal()
    except SealBroken:
        return ""
