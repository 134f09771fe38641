"""Who must show a second factor, who has one, and which sessions have shown it."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

# Recovery codes alone are none: allauth does not ask for them at sign-in.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
# In the session that set up the first factor: whose it is.
SET_UP_HERE = "second_factor_set_up_by"


def has_second_factor(user: Any) -> bool:
    """An authenticator app or a passkey is set up; allauth then asks for it at every sign-in."""
    return bool(is_mfa_enabled(user, FACTORS))


def second_factor_of(user: str) -> Exists:
    """`has_second_factor` inside a query: `user` is the field of the outer row that names the person."""
    return Exists(Authenticator.objects.filter(user=OuterRef(user), type__in=FACTORS))


def has_shown_second_factor(request: HttpRequest) -> bool:
    """The person has one, and this very session was opened with it, confirmed with it, or set it up.

    A session from before it was set up has shown a password only, and may be somebody else's.
    """
    return shown_in_session(request) and has_second_factor(request.user)


def shown_in_session(request: HttpRequest) -> bool:
    """Half of `has_shown_second_factor`, without a query; the factor may have been removed since."""
    shown = any(used["method"] == "mfa" for used in get_authentication_records(request, request.user))
    return shown or request.session.get(SET_UP_HERE) == str(request.user.pk)


def note_set_up(request: HttpRequest, user: Any, authenticator: Authenticator) -> None:
    """Let the session that has just set up the first factor go on. A further one proves nothing about the first."""
    others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
    if authenticator.type in FACTORS and not others.exists():
        request.session[SET_UP_HERE] = str(user.pk)


def lead_to_second_factor(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that explains it, which knows the way back."""
    return HttpResponseRedirect(f"{reverse('second_factor_needed')}?{urlencode({'next': request.get_full_path()})}")
