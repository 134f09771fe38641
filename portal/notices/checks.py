"""System check of where the portal says it is: mails lead there, and a vendor fetches call scripts there."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error
from django.core.exceptions import ValidationError

from portal.vendors.addresses import check_customer_url

HINT = "Set PORTAL_URL to the address at which people open the portal from anywhere, such as https://portal.example."


def check_portal_url(**_: Any) -> list[Error]:
    """PORTAL_URL is an https origin that the public internet reaches; only asked of a deployment (`check --deploy`).

    Where connections may lead into a private network (VENDOR_ALLOW_INSECURE_URLS), the portal may lie in one, too.
    """
    flaw = _flaw(settings.PORTAL_URL)
    text = "PORTAL_URL is %s: %s Links in mails, and call scripts that a vendor fetches, would lead nowhere."
    return [Error(text % (settings.PORTAL_URL or "empty", flaw), hint=HINT, id="notices.E001")] if flaw else []


def _flaw(url: str) -> str:
    """ "" where there is none."""
    if not url.startswith("https://"):
        return "it does not begin with https://."
    try:
        check_customer_url(url)
    except ValidationError as error:
        return " ".join(error.messages)
    parts = urlsplit(url)
    return "it has a path or a query." if parts.path or parts.query else ""
