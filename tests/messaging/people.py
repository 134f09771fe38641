"""How the tests of people name addresses and fill forms."""

from uuid import uuid4

from django.urls import reverse

ANNA, BEN, CARLA = "+31612345671", "+31612345672", "+31612345673"
BELGIAN = "+32470123456"


def url(name: str, *args: object, slug: str = "acme") -> str:
    return reverse(f"messaging:{name}", args=[slug, *args])


def sent(client, page: str, /, *args: object, **values: object):
    """The form of a page, filled in and sent; the page that follows."""
    return client.post(url(page, *args), {"form_key": str(uuid4()), **values}, follow=True)
