"""How the tests of live calls' pages name addresses and fill forms."""

from uuid import uuid4

from django.urls import reverse


def url(name: str, *args: object, slug: str = "acme") -> str:
    return reverse(f"realtime:{name}", args=[slug, *args])


def sent(client, page: str, /, *args: object, **values: object):
    """The form of a page, filled in and sent; the page that follows."""
    return client.post(url(page, *args), {"form_key": str(uuid4()), **values}, follow=True)
