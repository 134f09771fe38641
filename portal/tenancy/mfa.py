"""Who must show a second factor, and who has one."""

from typing import Any
from urllib.parse import urlencode

from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse


def has_second_factor(user: Any) -> bool:
    """An authenticator app or a passkey is set up; allauth then asks for it at every sign-in."""
    return bool(is_mfa_enabled(user))


def lead_to_second_factor(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that explains it, which knows the way back."""
    return HttpResponseRedirect(f"{reverse('second_factor_needed')}?{urlencode({'next': request.get_full_path()})}")
