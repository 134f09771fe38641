"""No page of a tenant shows a sentence in another language than its reader's."""

import pytest
from django.db import transaction
from django.test import Client

from portal.local.messages import translations
from portal.tenancy.models import User
from tests.fixtures.cast import sign_in_with_second_factor
from tests.languages.unsaid import spoken_in
from tests.sweep.addresses import tenant_addresses, url_of


@pytest.fixture(scope="module")
def dutch():
    """English sentences whose Dutch is another."""
    said = {message.id: message.string for message in translations("nl") if isinstance(message.id, str)}
    return {english: text for english, text in said.items() if english and english != text}


@pytest.fixture(scope="module")
def alice(world):
    with transaction.atomic():
        User.objects.filter(pk=world.cast.alice.pk).update(language="nl")
        client = Client()
        sign_in_with_second_factor(client, world.cast.alice)
        yield client
        transaction.set_rollback(True)


@pytest.mark.parametrize("address", tenant_addresses(), ids=lambda address: address.name)
def test_a_page_is_in_the_readers_language(address, alice, world, dutch):
    with transaction.atomic():
        answer = alice.get(url_of(address, "acme", world.acme[address.name]))
        transaction.set_rollback(True)
    if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
        assert answer["Content-Language"] == "nl"
        assert [text for text in spoken_in(answer.content.decode()) if text in dutch] == []


def test_a_sentence_in_english_would_be_found(dutch):
    assert [text for text in spoken_in("<h1>Subscribers</h1>") if text in dutch] == ["Subscribers"]
