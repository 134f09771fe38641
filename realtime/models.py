"""Who may be reached over a telephone system, who is on the phone, and what was asked of a call."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy.wall import TenantOneToOneField
from portal.vendors.mirrors import Mirror
from portal.vendors.models import Connection


class RealtimeAccount(Mirror):
    """What the portal knows of a connection to the realtime API beside the connection itself, and how old its directory is.

    `authorize_url` is where a person consents. `purposes` are what the company wants to do (`realtime.grants.scopes`).
    """

    connection = TenantOneToOneField(
        Connection, models.CASCADE, related_name="realtime_account", verbose_name=_("connection")
    )
    authorize_url = models.URLField(_("address of the consent page"), max_length=300)
    purposes = ArrayField(models.CharField(max_length=20), verbose_name=_("what it is for"), default=list, blank=True)
    # The document allows the client secret in the header of a token request, or in its body, and never in both.
    secret_in_body = models.BooleanField(_("client secret in the body"), default=False)
    # Of the events: when the last one came, and since when none came though the subscription is there.
    last_event_at = models.DateTimeField(_("last event"), null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("realtime account"), _("realtime accounts")

    def __str__(self) -> str:
        return str(self.connection)


from realtime.callback.models import CallbackForm, CallbackRequest  # noqa: E402, F401
from realtime.calls.models import Call, CallAction, Leg, LegEvent, LooseBegin  # noqa: E402, F401
from realtime.cards.models import Card, CardNumber, CardRules  # noqa: E402, F401
from realtime.events.models import Event  # noqa: E402, F401
from realtime.extensions.models import CallerId, Extension, Favourite, UserLevel  # noqa: E402, F401
from realtime.grants.models import Consent, Grant  # noqa: E402, F401
from realtime.hooks.models import Delivery, Endpoint  # noqa: E402, F401
from realtime.subscriptions.models import Subscription  # noqa: E402, F401
