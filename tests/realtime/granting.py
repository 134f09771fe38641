"""Acme's permissions at the sandbox: given behind the page, or by walking through it as a browser does."""

import urllib.parse
import urllib.request
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from realtime.grants.models import Grant
from tests.realtime.switchboard import SECRET, Switchboard

DIRECTORY = ("company.users", "company.dialplans")


def open_account(switchboard: Switchboard, **manners: Any) -> Switchboard:
    """The company at the vendor."""
    switchboard.control.put_account(switchboard.client_id, SECRET)
    switchboard.control.put_kwebbl(switchboard.client_id, **manners)
    return switchboard


def grant(
    switchboard: Switchboard,
    granted_by,
    *,
    user=None,
    scopes: Sequence[str] = DIRECTORY,
    login: str = "alice",
    due: bool = True,
    lives: timedelta = timedelta(minutes=15),
) -> Grant:
    """A grant with real tokens of the vendor; `due` to be refreshed now."""
    told = switchboard.control.kwebbl_grant(switchboard.client_id, login, list(scopes))
    now = timezone.now()
    with switchboard.scope():
        return Grant.objects.create(
            tenant=switchboard.tenant,
            connection=switchboard.connection,
            user=user,
            scopes=list(scopes),
            access_token=told["access_token"],
            refresh_token=told["refresh_token"],
            access_issued_at=now - timedelta(minutes=10),
            access_expires_at=now + lives,
            refresh_expires_at=now + timedelta(days=196),
            refresh_due_at=now - timedelta(seconds=1) if due else now + timedelta(days=1),
            granted_by=granted_by,
        )


def again(grant: Grant) -> Grant:
    with tenant_scope(grant.tenant_id):
        return Grant.objects.get(pk=grant.pk)


def change(grant: Grant, **values: Any) -> None:
    with tenant_scope(grant.tenant_id):
        Grant.objects.filter(pk=grant.pk).update(**values)


def refreshes(switchboard: Switchboard) -> list[int]:
    """The generations that the vendor really made by refreshing, in its own order."""
    found = switchboard.control.ledger(switchboard.client_id, kind="token_refreshed")
    return [effect["facts"]["generation"] for effect in found]


def at_the_vendor(url: str, *, login: str = "alice", password: str = "", decision: str = "allow") -> str:
    """Walk through the vendor's page; the address it sends the browser back to."""
    form = {"login": login, "password": password or login, "decision": decision}
    request = urllib.request.Request(url, data=urllib.parse.urlencode(form).encode())
    try:
        urllib.request.build_opener(_Stay).open(request, timeout=5)
    except urllib.error.HTTPError as answer:
        return answer.headers["Location"]
    raise AssertionError("the vendor's page sent nobody back")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None
