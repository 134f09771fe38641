"""The pages of subscribers: the list, credentials, and how one ends."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.audit.models import Entry
from provisioning.models import Subscriber
from provisioning.operations import create_subscriber
from tests.provisioning.pages import confirmed, text_of, url
from tests.provisioning.samples import (
    some_subscriber,
    stocked_product,
)


@pytest.fixture
def anna(video, placed, cast) -> Subscriber:
    """Made at the vendor; one product is left."""
    placed(2)
    with video.scope():
        made = create_subscriber(video.product, "anna", acting_user=cast.bob)
    video.work()
    with video.scope():
        return Subscriber.objects.get(pk=made.pk)


def test_subscribers_are_filtered_by_what_stands_in_the_address(bob, cast, at_acme):
    with at_acme():
        product = stocked_product(cast.acme, total=9)
        some_subscriber(product, cast.bob, "u-anna")
        some_subscriber(product, cast.bob, "u-guest", ends_at=timezone.now() + timedelta(hours=1))
        some_subscriber(product, cast.bob, "u-gone", state="deleted", password="")
        some_subscriber(product, cast.bob, "u-lost", vendor_id="", identity="")

    def found(**query) -> set[str]:
        return set(re.findall(r"u-\w+", text_of(bob.get(url("subscribers", **query)))))

    assert found() == {"u-anna", "u-guest", "u-lost"}
    assert found(state="all") == {"u-anna", "u-guest", "u-lost", "u-gone"}
    assert found(state="lost") == {"u-lost"}
    assert found(state="deleted") == {"u-gone"}
    assert found(kind="temporary") == {"u-guest"}
    assert found(q="ANNA@sample") == {"u-anna"}


def test_credentials_are_shown_once_and_kept_by_nobody(video, bob, anna, cast):
    key = confirmed()
    password = anna.password.reveal()
    assert password not in bob.get(url("subscriber", anna.pk)).content.decode()
    shown = bob.post(url("credentials", anna.pk), key)
    assert password in shown.content.decode()
    assert anna.identity in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    with video.scope():
        assert Entry.objects.get(action="provisioning.credentials_revealed").actor == cast.bob
    again = bob.post(url("credentials", anna.pk), key)
    assert again.status_code == 302
    with video.scope():
        assert Entry.objects.filter(action="provisioning.credentials_revealed").count() == 1
    assert password not in bob.get(url("subscriber", anna.pk)).content.decode()


def test_credentials_come_as_a_piece_of_the_page_too(bob, anna):
    piece = bob.post(url("credentials", anna.pk), confirmed(), HTTP_HX_REQUEST="true")
    assert anna.password.reveal() in piece.content.decode()
    assert "<html" not in piece.content.decode()
    assert "no-store" in piece["Cache-Control"]


@pytest.mark.parametrize("who", ["vera", "bill"])
def test_credentials_are_not_for_everybody(client, cast, anna, who):
    client.force_login(getattr(cast, who))
    assert client.post(url("credentials", anna.pk), confirmed()).status_code == 403
    assert "Show the credentials" not in text_of(client.get(url("subscriber", anna.pk)))


def test_the_snippet_is_javascript_whatever_the_vendor_sent():
    from provisioning.views.credentials import snippet

    nasty = Subscriber(username="anna", identity='a"b</script>@x\ny')
    code = snippet(nasty, 'p"\\</script>')
    assert "</script>" not in code
    assert '"p\\"\\\\\\u003c/script>"' in code
    assert '"a\\"b\\u003c/script>@x\\ny"' in code


def test_deleting_asks_first_and_says_who_is_forced_out(video, bob, anna):
    assert "will be forced out" in text_of(bob.get(url("subscriber_delete", anna.pk)))
    key = confirmed()
    for _ in range(2):
        bob.post(url("subscriber_delete", anna.pk), key)
    assert "Being deleted" in text_of(bob.get(url("subscriber", anna.pk)))
    video.work()
    assert video.effects("subscriber_deleted") == 1
    assert "hx-trigger" not in bob.get(url("subscriber_now", anna.pk)).content.decode()


def test_lost_credentials_are_explained_and_the_id_can_be_entered(video, bob, placed, cast):
    placed(1)
    video.control.add_fault("lost_answer", method="POST", path="/subscriber", times=1)
    with video.scope():
        lost = create_subscriber(video.product, "anna", acting_user=cast.bob)
    video.work()
    shown = text_of(bob.get(url("subscriber", lost.pk)))
    assert "The credentials were lost on their way" in shown
    assert "Username: anna" in shown
    assert "Show the credentials" not in shown
    true_id = video.truth()["subscribers"][0]["subscriber_id"]
    bob.post(url("subscriber_id", lost.pk), confirmed(vendor_id=true_id, identity="anna@acme.example"))
    bob.post(url("subscriber_delete", lost.pk), confirmed())
    video.work()
    assert video.effects("subscriber_deleted") == 1


def test_a_subscriber_is_declared_gone_with_a_reason(video, bob, anna):
    video.control.unsubscribe_behind(video.client_id, anna.vendor_id)
    assert bob.post(url("subscriber_gone", anna.pk), confirmed(reason=" ")).status_code == 422
    bob.post(url("subscriber_gone", anna.pk), confirmed(reason="deleted by the vendor's support"))
    with video.scope():
        assert Subscriber.objects.get(pk=anna.pk).state == "deleted"
        entry = Entry.objects.get(action="provisioning.subscriber_declared_gone")
        assert entry.reason == "deleted by the vendor's support"
