"""The sites that may show a form, and which of them shows it."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from realtime.callback.models import CallbackForm

# Nothing else may come near a header.
ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


class ForeignSite(Exception):
    """The form is shown, or sent, by a site that may not."""


def read_origin(text: str) -> str:
    """`https://shop.example` of an address of that site. Raises ValidationError."""
    try:
        parts = urlsplit(text.strip())
        host = (parts.hostname or "").encode("idna").decode()
        origin = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    except (ValueError, UnicodeError):
        origin = ""
    secure = origin.startswith("https://") or settings.VENDOR_ALLOW_INSECURE_URLS
    if not ORIGIN.fullmatch(origin) or not secure:
        raise ValidationError(
            _("“%(text)s” is no site. Write it as https://shop.example."), code="origin", params={"text": text}
        )
    return origin


def site_of(request: HttpRequest, form: CallbackForm) -> str:
    """The site around the form by its Referer, "" where the browser says nothing or it is the portal. Raises ForeignSite.

    A browser shows it nowhere else in any case (frame-ancestors).
    """
    told = request.headers.get("Referer", "")
    if not told:
        return ""
    try:
        origin = read_origin(told)
    except ValidationError:
        raise ForeignSite from None
    if origin == own_origin(request):
        return ""
    if origin not in form.origins:
        raise ForeignSite
    return origin


def check_sender(request: HttpRequest) -> None:
    """Our own page sends the form. Raises ForeignSite where the browser says otherwise."""
    told = request.headers.get("Origin")
    if told is not None and told != own_origin(request):
        raise ForeignSite


def own_origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
