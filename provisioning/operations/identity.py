"""What only a person knows about a subscriber, and its credentials."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from provisioning import absorb
from provisioning.models import Subscriber
from provisioning.operations.refusals import NotPromised


@transaction.atomic
def enter_subscriber_id(subscriber: Subscriber, vendor_id: str, identity: str, *, acting_user: Any) -> None:
    """A person learned from the vendor which subscriber it is whose answer was lost. Raises NotPromised."""
    locked = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    if not locked.credentials_lost:
        raise NotPromised(_("The ID of this subscriber is known already."))
    locked.vendor_id, locked.identity = vendor_id, identity
    locked.save(update_fields=["vendor_id", "identity"])
    record("provisioning.subscriber_id_entered", locked, after={"subscriber_id": vendor_id}, acting_user=acting_user)


@transaction.atomic
def declare_gone(subscriber: Subscriber, *, reason: str, acting_user: Any) -> None:
    """A person knows that a subscriber was deleted at the vendor by somebody else. Raises NotPromised."""
    locked = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    if locked.state != Subscriber.State.ACTIVE:
        raise NotPromised(_("Only an active subscriber can be declared gone."))
    locked.state, locked.deleted_at, locked.password = Subscriber.State.DELETED, timezone.now(), ""
    locked.save(update_fields=["state", "deleted_at", "password"])
    record("provisioning.subscriber_declared_gone", locked, reason=reason, acting_user=acting_user)
    absorb.ask_for_reading(locked.connection_id)


@transaction.atomic
def reveal_password(subscriber: Subscriber, *, acting_user: Any) -> str:
    """The password in clear, once asked for; that it was asked for is in the audit trail. Raises NotPromised."""
    if subscriber.state != Subscriber.State.ACTIVE or not subscriber.password:
        raise NotPromised(_("There are no credentials to show for this subscriber."))
    record("provisioning.credentials_revealed", subscriber, acting_user=acting_user)
    return subscriber.password.reveal()
