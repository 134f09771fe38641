"""Sue at the support desk, and Tom, a second person of support."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from portal.tenancy.models import User
from tests.fixtures.cast import TOTP_SECRET, sign_in_with_second_factor
from tests.fixtures.video import SECRET, Video


@pytest.fixture
def sue(cast) -> Client:
    return _at_the_admin(cast.sue)


@pytest.fixture
def second(cast) -> User:
    """Tom, of support too."""
    tom = User.objects.create(email="tom@example.com", name="Tom", is_staff=True, is_superuser=True)
    tom.emailaddress_set.create(email=tom.email, verified=True, primary=True)
    TOTP.activate(tom, TOTP_SECRET)
    return tom


@pytest.fixture
def tom(second) -> Client:
    return _at_the_admin(second)


def _at_the_admin(person: User) -> Client:
    client = Client()
    sign_in_with_second_factor(client, person)
    return client


@pytest.fixture
def globex_video(video, cast, sandbox) -> Video:
    """Globex' connection to an account of its own."""
    client_id = f"globex-of-{video.client_id}"
    sandbox.control.put_account(client_id, SECRET, unit_price_eur="1.00")
    made = Video(cast.globex, client_id, sandbox)
    made.sync()
    return made
