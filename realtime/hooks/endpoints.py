"""The addresses of a company's other systems: entered, changed, tried, given a new secret, taken away."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant
from realtime.hooks import bell, notices
from realtime.hooks.events import TEST
from realtime.hooks.models import Delivery, Endpoint, in_three_days
from realtime.hooks.signing import new_secret
from realtime.hooks.telling import tell_all

MOST_ENDPOINTS = 20
BOTH_SECRETS_FOR = timedelta(days=1)
FULL = _("There are %(most)s webhooks already, and no more are kept. Delete one first.")
TAKEN = _("Another webhook has the name “%(name)s”. Nothing was changed.")
DISABLED = _("This webhook is disabled. Enable it first; nothing was sent.")


@transaction.atomic
def add_endpoint(
    tenant: Tenant, name: str, url: str, events: Sequence[str], *, acting_user: Any
) -> tuple[Endpoint, str]:
    """The endpoint, and its secret in clear: this once. Raises NotPromised where the name is taken or there are too many."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    if Endpoint.objects.filter(tenant=tenant).count() >= MOST_ENDPOINTS:
        raise NotPromised(FULL, most=MOST_ENDPOINTS)
    secret = new_secret()
    endpoint = _saved(Endpoint(tenant=tenant, name=name, url=url, events=list(events), secret=secret))
    after = {"name": name, "url": url, "events": list(events)}
    record("realtime.endpoint_added", endpoint, after=after, acting_user=acting_user)
    return endpoint, secret


@transaction.atomic
def change_endpoint(endpoint: Endpoint, *, acting_user: Any, **fields: Any) -> None:
    """`fields` are name, url, events. Raises NotPromised where the name is taken."""
    endpoint = _locked(endpoint)
    before = {name: getattr(endpoint, name) for name, value in fields.items() if getattr(endpoint, name) != value}
    if not before:
        return
    for name in before:
        setattr(endpoint, name, fields[name])
    _saved(endpoint)
    after = {name: fields[name] for name in before}
    record("realtime.endpoint_changed", endpoint, before=before, after=after, acting_user=acting_user)


@transaction.atomic
def delete_endpoint(endpoint: Endpoint, *, acting_user: Any) -> None:
    """With its log."""
    notices.looked_after(endpoint)
    record("realtime.endpoint_deleted", endpoint, before=_told(endpoint), acting_user=acting_user)
    endpoint.delete()


@transaction.atomic
def rotate_secret(endpoint: Endpoint, *, acting_user: Any) -> str:
    """A new secret in clear: this once. For a day everything is signed with the one before it, too."""
    endpoint = _locked(endpoint)
    secret = new_secret()
    endpoint.previous_secret = endpoint.secret.reveal()
    endpoint.previous_until = timezone.now() + BOTH_SECRETS_FOR
    endpoint.secret = secret
    endpoint.save()
    record("realtime.endpoint_secret_made", endpoint, acting_user=acting_user)
    return secret


@transaction.atomic
def enable_endpoint(endpoint: Endpoint, *, acting_user: Any) -> None:
    """What was given up meanwhile stays so; each can be sent again."""
    if Endpoint.objects.filter(pk=endpoint.pk, enabled=False).update(
        enabled=True, failing_since=None, disabled_at=None
    ):
        notices.looked_after(endpoint)
        record("realtime.endpoint_enabled", endpoint, acting_user=acting_user)


@transaction.atomic
def disable_endpoint(endpoint: Endpoint, *, acting_user: Any) -> None:
    """What waits stays waiting, and is tried for its three days when it is enabled again."""
    if Endpoint.objects.filter(pk=endpoint.pk, enabled=True).update(enabled=False, disabled_at=Now()):
        record("realtime.endpoint_disabled", endpoint, acting_user=acting_user)


@transaction.atomic
def try_endpoint(endpoint: Endpoint, *, acting_user: Any) -> None:
    """Send a message of its own kind, that means nothing. Raises NotPromised for a disabled one."""
    if not endpoint.enabled:
        raise NotPromised(DISABLED)
    tell_all(endpoint.tenant_id, [endpoint.pk], TEST, {"webhook": endpoint.name})
    record("realtime.endpoint_tried", endpoint, acting_user=acting_user)


@transaction.atomic
def resend(delivery: Delivery, *, acting_user: Any) -> None:
    """Try now, and for three days from now, whatever became of it; under the same ID. Raises NotPromised."""
    if not delivery.endpoint.enabled:
        raise NotPromised(DISABLED)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.WAITING, due_at=Now(), give_up_at=in_three_days(), ended_at=None, error=""
    )
    record(
        "realtime.delivery_resent", delivery.endpoint, after={"message": delivery.message_id}, acting_user=acting_user
    )
    bell.ring_after_commit(delivery.tenant_id, [delivery.pk])


def _locked(endpoint: Endpoint) -> Endpoint:
    return Endpoint.objects.select_for_update(of=("self",)).get(pk=endpoint.pk)


def _saved(endpoint: Endpoint) -> Endpoint:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError:
        raise NotPromised(TAKEN, name=endpoint.name) from None
    return endpoint


def _told(endpoint: Endpoint) -> Mapping[str, Any]:
    return {"name": endpoint.name, "url": endpoint.url, "events": endpoint.events}
