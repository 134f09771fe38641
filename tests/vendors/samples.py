"""One of each thing that the addresses of connections name."""

from typing import Any

from django.utils import timezone

from portal.vendors.models import Call, Connection, ConnectionState

CLIENT_SECRET = "never to be shown"


def samples(tenant: Any, owner: Any) -> dict[str, dict[str, Any]]:
    """In the tenant's scope. {"namespace:url_name": the address's arguments without the slug}."""
    connection = Connection.objects.create(
        tenant=tenant,
        vendor="kandy",
        name="Sample",
        base_url="https://vendor.example.com/api",
        token_url="https://vendor.example.com/token",
        client_id="sample client",
        client_secret=CLIENT_SECRET,
    )
    ConnectionState.objects.create(
        tenant=tenant,
        connection=connection,
        access_token="a token never to be shown",
        token_expires_at=timezone.now() + timezone.timedelta(hours=1),
        quota_limit=100,
        quota_used=85,
        quota_interval="1 minute",
        quota_resets_at=timezone.now() + timezone.timedelta(minutes=1),
        quota_seen_at=timezone.now(),
        api_version="2.0",
        previous_api_version="1.0",
        sunset="2027-07-31",
        test_finding="well",
        test_detail="Connected.",
        tested_at=timezone.now(),
    )
    call = Call.objects.create(
        tenant=tenant,
        connection=connection,
        started_at=timezone.now(),
        duration_ms=12,
        method="GET",
        path="/inventory",
        status=200,
        vendor_request_id="sample-request",
        request="GET /inventory",
        response="200\n\n[]",
    )
    one = {"pk": connection.pk}
    about_one = ("", "_edit", "_enable", "_disable", "_test", "_health", "_version_noted")
    return {
        "vendors:connections": {},
        "vendors:connection_new": {},
        "vendors:calls": {},
        "vendors:call": {"pk": call.pk},
        **{f"vendors:connection{name}": one for name in about_one},
    }
