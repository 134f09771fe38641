"""How django-allauth behaves here: who may sign up, whom its mails come from, what it leaves in the audit trail."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal.audit.context import client_address
from portal.tenancy.account_trail import record_account
from portal.tenancy.mail import send_after_commit
from portal.tenancy.welcome import invited_address


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

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        if user.language:
            remember_language(response, user.language)
        return response


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
