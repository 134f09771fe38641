"""A batch knows how many of its messages are in which state, whoever changes them and however."""

from messaging.models import Batch, Message
from tests.messaging.mailroom import some_campaign

NUMBERS = ["+31612345671", "+31612345672", "+31612345673"]


def counts(batch: Batch) -> dict[str, int]:
    batch.refresh_from_db()
    told = ("planned", "waiting", "delivered", "failed")
    return {state: getattr(batch, state) for state in told if getattr(batch, state)}


def test_messages_are_counted_as_they_come_move_and_go(mailroom):
    with mailroom.scope():
        campaign = some_campaign(mailroom.connection, NUMBERS)
        batch = campaign.batches.get()
        assert counts(batch) == {"planned": 3}

        Message.objects.filter(campaign=campaign).update(state="waiting")
        Message.objects.filter(number=NUMBERS[0]).update(state="delivered")
        Message.objects.filter(number=NUMBERS[1]).update(state="failed")
        assert counts(batch) == {"waiting": 1, "delivered": 1, "failed": 1}

        Message.objects.filter(number=NUMBERS[1]).delete()
        assert counts(batch) == {"waiting": 1, "delivered": 1}
