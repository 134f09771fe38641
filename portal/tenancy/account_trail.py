"""Signing in and out, and changes of how one signs in, in the audit trail; by the signals that django-allauth documents.

These acts belong to no tenant: the person and support staff read them.
"""

from collections.abc import Mapping
from typing import Any

from allauth.account import signals as account
from allauth.account.utils import filter_users_by_email
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_out
from django.core.cache import cache

from portal.audit.trail import record
from portal.tenancy.mfa import note_set_up
from portal.tenancy.scope import user_scope

# While somebody keeps knocking at a closed door, one entry this often; as long as allauth's own limit looks back.
BLOCKED_SECONDS = 300


def record_account(action: str, user: Any, *, after: Mapping[str, Any] | None = None) -> None:
    """One act on the own account. In the person's own scope, for at sign-in the request is still nobody's."""
    with user_scope(user.pk):
        record(action, user, after=after, acting_user=user)


def record_password_refused(email: str) -> None:
    """A wrong password for an account that exists. Nothing of the password is kept, nor anything for other addresses."""
    for user in filter_users_by_email(email):
        record_account("account.password_refused", user)


def record_sign_in_blocked(email: str) -> None:
    """Too many wrong passwords for an account that exists: one entry, however many more are tried."""
    for user in filter_users_by_email(email):
        if cache.add(f"sign-in-blocked:{user.pk}", True, BLOCKED_SECONDS):
            record_account("account.sign_in_blocked", user)


def connect() -> None:
    """Listen. Called once, when the app starts."""
    account.user_signed_up.connect(_signed_up)
    account.user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    for signal, action in (
        (account.password_changed, "account.password_changed"),
        (account.password_set, "account.password_changed"),
        (account.password_reset, "account.password_reset"),
    ):
        signal.connect(_recorder(action), weak=False)
    account.email_confirmed.connect(_email_confirmed)
    account.email_changed.connect(_email_changed)
    account.email_added.connect(_email_added)
    account.email_removed.connect(_email_removed)
    for signal, action in (
        (mfa.authenticator_added, "account.second_factor_added"),
        (mfa.authenticator_removed, "account.second_factor_removed"),
        (mfa.authenticator_reset, "account.second_factor_reset"),
    ):
        signal.connect(_second_factor_recorder(action), weak=False)
    mfa.authentication_failed.connect(_second_factor_refused)
    mfa.authenticator_added.connect(_second_factor_set_up)


def _recorder(action: str) -> Any:
    def listen(user: Any, **_: Any) -> None:
        record_account(action, user)

    return listen


def _second_factor_recorder(action: str) -> Any:
    def listen(user: Any, authenticator: Any, **_: Any) -> None:
        record_account(action, user, after={"kind": str(authenticator.type)})

    return listen


def _second_factor_set_up(request: Any, user: Any, authenticator: Any, **_: Any) -> None:
    note_set_up(request, user, authenticator)


def _signed_up(user: Any, **_: Any) -> None:
    record_account("account.signed_up", user)


def _signed_in(request: Any, user: Any, **_: Any) -> None:
    methods = [used["method"] for used in request.session.get("account_authentication_methods", [])]
    record_account("account.signed_in", user, after={"with": methods})


def _signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        record_account("account.signed_out", user)


def _email_confirmed(email_address: Any, **_: Any) -> None:
    record_account("account.email_confirmed", email_address.user, after={"email": email_address.email})


def _email_changed(user: Any, from_email_address: Any, to_email_address: Any, **_: Any) -> None:
    record_account("account.email_changed", user, after={"email": to_email_address.email})


def _email_added(user: Any, email_address: Any, **_: Any) -> None:
    record_account("account.email_added", user, after={"email": email_address.email})


def _email_removed(user: Any, email_address: Any, **_: Any) -> None:
    record_account("account.email_removed", user, after={"email": email_address.email})


def _second_factor_refused(user: Any, authenticator: Any = None, **_: Any) -> None:
    record_account("account.second_factor_refused", user)
