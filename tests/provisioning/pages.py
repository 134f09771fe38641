"""How the tests of the video pages name addresses, read answers and fill forms."""

import re
from uuid import uuid4

from django.urls import reverse

from provisioning.models import Drift


def url(name: str, *args, **query) -> str:
    address = reverse(f"provisioning:{name}", args=["acme", *args])
    return address + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def text_of(response) -> str:
    """What a reader sees: no markup, single blanks."""
    without = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", without).replace("&nbsp;", " ").replace("\xa0", " ").split())


def confirmed(**values) -> dict:
    return {"form_key": str(uuid4()), **values}


def seen_of(client, difference: Drift) -> str:
    page = client.get(url("difference", difference.pk)).content.decode()
    return re.search(r'name="seen" value="([^"]+)"', page).group(1)
