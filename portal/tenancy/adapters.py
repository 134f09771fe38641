"""How django-allauth behaves here: who may sign up, what is confirmed how, what it seals and leaves in the audit trail."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.audit.context import client_address
from portal.tenancy.account_trail import record_account, record_password_refused, record_sign_in_blocked
from portal.tenancy.factor_seal import seal_factor, unseal_factor
from portal.tenancy.mail import send_after_commit
from portal.tenancy.sealing import SealBroken
from portal.tenancy.welcome import invited_address

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Belonging somewhere takes an invitation, and so does an account, unless SIGNUP_OPEN says otherwise."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.SIGNUP_OPEN or invited_address(request) is not None

    def format_email_subject(self, subject: str) -> str:
        return f"{subject} – Patchbay"

    def get_client_ip(self, request: HttpRequest) -> str:
        """Behind proxies too, the address that rate limits count by."""
        address = client_address(request)
        if address is None:
            raise PermissionDenied
        return address

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """After commit; a mail server that is away costs the person a sentence and not the page."""
        request = _request()
        message = self.render_mail(
            template_prefix, email, {"request": request, "email": email, "current_site": "Patchbay", **context}
        )
        send_after_commit(message, failed=lambda: self._say_not_sent(request))

    def _say_not_sent(self, request: HttpRequest) -> None:
        messages.error(request, _("The mail could not be sent: the mail server did not take it. Try again later."))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            record_sign_in_blocked(credentials.get("email", ""))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record_password_refused(credentials.get("email", ""))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor confirms with it: a password alone must not take it off again."""
        methods = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"] != "reauthenticate"] or methods

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        if user.language:
            remember_language(response, user.language)
        return response


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of second factors are sealed at rest."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "does_not_open": gettext_lazy(
            "The second factor cannot be checked: the key that its secret is sealed with is missing here. You are not signed"
            " in. Ask support to put the key back, or to remove the second factor so that you can set it up again."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal_factor(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ValidationError with words for the form that asked."""
        try:
            return unseal_factor(encrypted_text)
        except SealBroken:
            logger.error("a second factor does not open with any of SEALING_KEYS; rotate_keys names it")
            raise self.validation_error("does_not_open") from None


class UserSessionsAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Any) -> None:
        """Audited, since whoever ends a person's sessions may be a thief of one."""
        ended = list(sessions)
        super().end_sessions(ended)
        if ended:
            request = _request()
            record_account("account.sessions_ended", request.user, after={"sessions": len(ended)})


def remember_language(response: HttpResponse, language: str) -> None:
    """Let the browser's next pages be in `language` (Django's LocaleMiddleware reads the cookie)."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=31_536_000,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )


def _request() -> HttpRequest:
    return context.request
