"""Over which grant something is done: a person's own where it allows it, else the company's."""

from functools import partial
from typing import Any

from django.utils.translation import gettext_noop

from portal.operations.refusals import NotPromised
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorRefused
from portal.vendors.http import VendorHttp
from portal.vendors.line import Line
from portal.vendors.models import Connection
from realtime.grants.models import Grant
from realtime.grants.scopes import SCOPES, purpose_of
from realtime.grants.tokens import GrantTokens

NOT_ALLOWED = gettext_noop(
    "Nobody allowed this at the vendor yet: “%(purpose)s”. Nothing was done. An admin can ask for it under Live calls, Connect."
)
PERSONAL = ".personal"


class ScopeMissing(NotPromised):
    """No grant allows it. `scope` is what is missing; `{% missing_scope %}` shows how to ask for it."""

    def __init__(self, scope: str) -> None:
        super().__init__(NOT_ALLOWED, purpose=str(purpose_of(scope).label))
        self.scope = scope


def grant_for(connection: Connection, user: Any, scope: str) -> Grant:
    """The person's own grant that has `scope.personal`, else the company's that has `scope`. Raises ScopeMissing.

    `user` None is the portal itself, for which the company's grant counts alone. One query.
    """
    own = f"{scope}{PERSONAL}"
    active = Grant.objects.filter(connection=connection, state=Grant.State.ACTIVE)
    found = {grant.personal: grant for grant in active if grant.user_id in (None, user.pk if user else None)}
    if own in SCOPES and True in found and own in found[True].scopes:
        return found[True]
    if False in found and scope in found[False].scopes:
        return found[False]
    raise ScopeMissing(scope)


def line_for(connection: Connection, user: Any, scope: str) -> Line:
    """A line over the grant of `grant_for`. Raises ScopeMissing."""
    return line_over(connection, grant_for(connection, user, scope))


def line_over(connection: Connection, grant: Grant, **options: Any) -> Line:
    return Line(connection, tokens=partial(GrantTokens, grant_id=grant.pk), **options)


def http_of(work: Work) -> VendorHttp:
    """The way to the vendor over the grant that the operation's payload names; over the company's when it names none.

    Raises VendorRefused when that grant is another person's: a personal one acts as its own person alone.
    """
    operation = work.operation
    grant_id = operation.payload.get("grant")
    if grant_id is None:
        return work.http
    with tenant_scope(operation.tenant_id):
        grant = Grant.objects.filter(pk=grant_id, connection=operation.connection_id).first()
    if grant is None or grant.user_id not in (None, operation.created_by_id):
        raise VendorRefused("The permission for this is another person's, or was removed: nothing was sent")
    return work.line.over(partial(GrantTokens, grant_id=grant.pk))
