"""A campaign to be steered."""

from typing import Any

from portal.vendors.models import Connection, ConnectionState
from tests.messaging.mailroom import some_campaign

STEERING = ["release", "confirm", "pause", "resume", "rest_now", "cancel"]


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    """A campaign of one batch."""
    connection = Connection.objects.create(tenant=tenant, vendor="kpn_sms", name="To be steered")
    ConnectionState.objects.create(tenant=tenant, connection=connection)
    campaign = some_campaign(connection, ["+31612345671"])
    found = {f"messaging:campaign_{verb}": {"pk": campaign.pk} for verb in STEERING}
    return found | {"messaging:batch_send_again": {"pk": campaign.batches.get().pk}}
