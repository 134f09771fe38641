"""What a test of a connection found, in words: what it means, and what to do next."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from portal.vendors.models import Connection, ConnectionState

Finding = ConnectionState.Finding


@dataclass(frozen=True)
class Explanation:
    """For a page: `title` says what happened, `advice` what to do; `detail` is the vendor's or the network's own word.

    `page` names the tenant's page on which to do it, "" where there is none.
    """

    tone: str
    title: Any
    advice: Any
    detail: str
    page: str = ""


_WORDS: dict[str, tuple[Any, Any]] = {
    Finding.WELL: (_("The connection works."), ""),
    Finding.NAME: (
        _("The name %(host)s is not known in the network."),
        _("Check the spelling of the %(url)s. Nothing was sent."),
    ),
    Finding.PRIVATE: (
        _("The name %(host)s leads into a private network."),
        _("The portal calls vendors on the public internet only. Check the %(url)s. Nothing was sent."),
    ),
    Finding.REFUSED: (
        _("%(host)s refused the connection."),
        _("The machine is there, but nothing listens at this port. Check the %(url)s. Nothing was sent."),
    ),
    Finding.NETWORK: (
        _("There is no way through the network to %(host)s."),
        _("Check the %(url)s; if it is right, the portal's own network needs attention. Nothing was sent."),
    ),
    Finding.TLS: (
        _("%(host)s could not prove who it is."),
        _("Its certificate is not valid for this name, has expired, or it does not speak TLS. Nothing was sent."),
    ),
    Finding.TIMEOUT: (
        _("%(host)s did not answer in time."),
        _("The vendor may be slow or away: try again in some minutes. If it stays like this, check the %(url)s."),
    ),
    Finding.BROKEN_OFF: (
        _("%(host)s broke the connection off without an answer."),
        _("Try again in some minutes. If it stays like this, check the %(url)s or ask the vendor."),
    ),
    Finding.CREDENTIALS: (
        _("The vendor does not accept the client ID and secret."),
        _("Copy both anew from the vendor's pages; they belong together, and test and production have their own."),
    ),
    Finding.CONSENT: (
        _("Nobody has allowed this at the vendor yet, or the permission is lost."),
        _("Nothing was sent, so nothing is known of the credentials. An admin gives the permission; then test again."),
    ),
    Finding.UNAUTHORIZED: (
        _("The credentials are right, but the API does not accept the token that they gave."),
        _("Most often the base URL and the token URL belong to different environments. Check the base URL."),
    ),
    Finding.FORBIDDEN: (
        _("The credentials are right, but they may not use this API."),
        _("The product is not subscribed, or the account is blocked. Ask the vendor to open it."),
    ),
    Finding.NOT_FOUND: (
        _("The API is not at this address."),
        _("Check the path in the base URL against the vendor's documentation."),
    ),
    Finding.REDIRECT: (
        _("%(host)s points to another address, which the portal does not follow."),
        _("Enter the address that the vendor documents as the %(url)s."),
    ),
    Finding.QUOTA: (
        _("The vendor's quota of calls is used up."),
        _("Nothing is wrong with the connection. The portal makes no calls until the quota starts anew; test it then."),
    ),
    Finding.VENDOR_FAILED: (
        _("The vendor's service is out of order."),
        _("It answered with an error of its own. Try again in some minutes; tell the vendor if it stays like this."),
    ),
    Finding.UNREADABLE: (
        _("%(host)s answered in a form that the portal does not understand."),
        _("This may be another service. Check the %(url)s; the call log shows the answer."),
    ),
    Finding.OTHER_REFUSAL: (
        _("The vendor refused a harmless question."),
        _("The call log shows its answer. Check the %(url)s."),
    ),
    Finding.SEAL: (
        _("The stored credentials cannot be opened."),
        _("The key they were sealed with is gone. Enter client ID and secret again."),
    ),
    Finding.OUR_FAULT: (
        _("The test failed by a fault of the portal itself."),
        _("Nothing is known about the connection. Tell support when it happened."),
    ),
}
# The token endpoint gives no other sign than its address that something else stands there.
_AT_TOKEN: dict[str, tuple[Any, Any]] = {
    Finding.NOT_FOUND: (
        _("There is no token endpoint at this address."),
        _("Check the path in the token URL against the vendor's documentation."),
    ),
    Finding.UNREADABLE: (
        _("The token endpoint's answer holds no token."),
        _("This may be another service. Check the token URL; the call log shows the answer."),
    ),
}


def explanation_of(connection: Connection) -> Explanation | None:
    """Of the last test, None when there was none."""
    state = connection.health
    if not state.test_finding:
        return None
    at_token = state.test_at_token
    title, advice = (_AT_TOKEN if at_token else _WORDS).get(state.test_finding) or _WORDS[state.test_finding]
    url = connection.token_url if at_token else connection.base_url
    facts = {"host": urlsplit(url).netloc, "url": _("token URL") if at_token else _("base URL")}
    page = connection.spec.consent if state.test_finding == Finding.CONSENT else ""
    return Explanation(_tone(state), title % facts, advice % facts if advice else "", state.test_detail, page)


def _tone(state: ConnectionState) -> str:
    tones = {Finding.WELL: "success", Finding.QUOTA: "warning", Finding.CONSENT: "warning"}
    return tones.get(Finding(state.test_finding), "danger")
