"""Secrets at rest: nobody reads them by accident, nobody moves them, and keys are changed without losing one."""

import base64
import copy
import json
import pickle

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database
from django.db.models import F
from django.forms import model_to_dict

from portal.tenancy.scope import tenant_scope
from portal.tenancy.sealing import SealBroken, sealed_fields, sealed_for
from portal.vendors.models import Connection

pytestmark = pytest.mark.django_db

SECRET = "tr0ub4dor&3 über alles"


def unsaved(tenant, **fields) -> Connection:
    return Connection(
        **{"tenant": tenant, "vendor": "kandy", "name": "Video", "client_id": "acme", "client_secret": SECRET, **fields}
    )


@pytest.fixture
def stored(cast) -> Connection:
    with tenant_scope(cast.acme.pk):
        made = unsaved(cast.acme)
        made.save()
    return made


def columns(pk: int) -> tuple[str, str]:
    """client_id and client_secret as the database has them."""
    with database.cursor() as cursor:
        cursor.execute("select client_id, client_secret from vendors_connection where id = %s", [pk])
        return cursor.fetchone()


def read(tenant, pk: int) -> Connection:
    with tenant_scope(tenant.pk):
        return Connection.objects.get(pk=pk)


# --- Sealing and opening ------------------------------------------------------------------------------------------


def test_a_secret_is_sealed_in_the_database_and_opens_again(cast, stored):
    with tenant_scope(cast.acme.pk):
        kept = columns(stored.pk)
    assert SECRET not in kept[1]
    assert kept[1].startswith("gAAAA")
    assert read(cast.acme, stored.pk).client_secret.reveal() == SECRET


def test_saving_again_keeps_it(cast, stored):
    with tenant_scope(cast.acme.pk):
        found = Connection.objects.get(pk=stored.pk)
        found.name = "Renamed"
        found.save()
    assert read(cast.acme, stored.pk).client_secret.reveal() == SECRET


def test_nothing_stays_nothing(cast):
    with tenant_scope(cast.acme.pk):
        empty = unsaved(cast.acme, client_secret="")
        empty.save()
        assert columns(empty.pk)[1] == ""
    found = read(cast.acme, empty.pk).client_secret
    assert not found
    assert found.reveal() == ""


def test_bulk_create_seals(cast):
    with tenant_scope(cast.acme.pk):
        Connection.objects.bulk_create([unsaved(cast.acme, name=f"Video {n}") for n in range(3)])
        made = list(Connection.objects.all())
        assert all(SECRET not in "".join(columns(each.pk)) for each in made)
    assert [each.client_secret.reveal() for each in made] == [SECRET] * 3


def test_two_seals_of_one_secret_differ(cast):
    with tenant_scope(cast.acme.pk):
        made = Connection.objects.bulk_create([unsaved(cast.acme, name=f"Video {n}") for n in range(2)])
        assert columns(made[0].pk)[1] != columns(made[1].pk)[1]


# --- Bound to tenant and field ------------------------------------------------------------------------------------


def test_moved_to_another_tenants_row_it_does_not_open(cast, stored):
    with tenant_scope(cast.acme.pk):
        stolen = columns(stored.pk)[1]
    with tenant_scope(cast.globex.pk):
        foreign = unsaved(cast.globex, client_secret="Charlie's own")
        foreign.save()
        with database.cursor() as cursor:
            cursor.execute("update vendors_connection set client_secret = %s where id = %s", [stolen, foreign.pk])
    with pytest.raises(SealBroken, match=r"vendors\.connection\.client_secret"):
        read(cast.globex, foreign.pk).client_secret.reveal()


def test_moved_to_another_field_it_does_not_open(cast, stored):
    with tenant_scope(cast.acme.pk):
        Connection.objects.filter(pk=stored.pk).update(client_id=F("client_secret"))
    with pytest.raises(SealBroken):
        read(cast.acme, stored.pk).client_id.reveal()


def test_a_changed_ciphertext_does_not_open(cast, stored):
    with tenant_scope(cast.acme.pk), database.cursor() as cursor:
        cursor.execute(
            "update vendors_connection set client_secret = reverse(client_secret) where id = %s", [stored.pk]
        )
    with pytest.raises(SealBroken):
        read(cast.acme, stored.pk).client_secret.reveal()


# --- Shown by nothing ---------------------------------------------------------------------------------------------


def shapes_of(instance: Connection) -> dict[str, object]:
    """The ways in which a value gets into a log, a page, a cache or an export."""
    sealed = instance.client_secret
    return {
        "repr": repr(sealed),
        "str": str(sealed),
        "format": f"{sealed} {sealed!r} {'%s'.__mod__((sealed,))}",
        "instance": repr(instance) + str(vars(instance)),
        "model_to_dict": model_to_dict(instance),
        "json": json.dumps({"secret": sealed}, default=str),
        "serializer": serializers.serialize("json", [instance]),
        "copy": repr(vars(copy.deepcopy(instance))),
    }


@pytest.mark.parametrize("when", ["unsaved", "saved", "read back"])
def test_no_shape_of_it_shows_it(cast, stored, when):
    instance = {"unsaved": unsaved(cast.acme), "saved": stored, "read back": read(cast.acme, stored.pk)}[when]
    for name, shape in shapes_of(instance).items():
        assert SECRET not in str(shape), name
        assert json.dumps(SECRET)[1:-1] not in str(shape), name
    assert "client_secret" not in model_to_dict(instance)


def test_json_refuses_it(stored):
    with pytest.raises(TypeError):
        json.dumps({"secret": stored.client_secret})


def test_a_pickle_holds_the_ciphertext_alone(cast, stored):
    for dumped in (pickle.dumps(stored), pickle.dumps(stored.client_secret)):
        assert SECRET.encode() not in dumped
    assert pickle.loads(pickle.dumps(stored)).client_secret.reveal() == SECRET


def test_before_it_is_sealed_it_cannot_be_pickled(cast):
    with pytest.raises(TypeError, match="not sealed yet"):
        pickle.dumps(unsaved(cast.acme))
    with pytest.raises(TypeError, match="not sealed yet"):
        pickle.dumps(unsaved(cast.acme).client_secret)


def test_a_copy_of_an_unsaved_row_keeps_it(cast):
    assert copy.deepcopy(unsaved(cast.acme)).client_secret.reveal() == SECRET


# --- Refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda: Connection.objects.update(client_secret=SECRET),
        lambda: Connection.objects.filter(client_secret=SECRET).exists(),
        lambda: Connection.objects.filter(client_secret__contains="x").exists(),
        lambda: Connection.objects.exclude(client_secret__in=["x"]).exists(),
        lambda: Connection.objects.get_or_create(client_secret=SECRET),
    ],
)
def test_plain_text_is_neither_looked_up_nor_written_past_its_row(cast, use):
    with tenant_scope(cast.acme.pk), pytest.raises(TypeError, match="sealed"):
        use()


def test_bulk_update_is_refused(cast, stored):
    stored.client_secret = "another"
    with tenant_scope(cast.acme.pk), pytest.raises(TypeError, match="sealed"):
        Connection.objects.bulk_update([stored], ["client_secret"])


def test_an_update_may_write_what_was_sealed_for_the_row(cast, stored):
    with tenant_scope(cast.acme.pk):
        Connection.objects.filter(pk=stored.pk).update(client_secret=sealed_for(stored, "client_secret", "another"))
    assert read(cast.acme, stored.pk).client_secret.reveal() == "another"


def test_every_sealed_field_is_known_to_the_rotation():
    known = {f"{field.model._meta.label}.{field.name}" for field in sealed_fields()}
    assert {"vendors.Connection.client_secret", "vendors.ConnectionState.access_token"} <= known
    assert "provisioning.Subscriber.password" in known


# --- Keys ---------------------------------------------------------------------------------------------------------


def test_a_new_key_seals_and_the_old_one_still_opens(cast, stored, settings):
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    assert read(cast.acme, stored.pk).client_secret.reveal() == SECRET


def test_without_its_key_it_does_not_open(cast, stored, settings):
    settings.SEALING_KEYS = [base64.urlsafe_b64encode(b"k" * 32).decode()]
    with pytest.raises(SealBroken) as broken:
        read(cast.acme, stored.pk).client_secret.reveal()
    assert SECRET not in str(broken.value)
    assert broken.value.__cause__ is None


def test_without_any_key_nothing_is_sealed(cast, settings):
    settings.SEALING_KEYS = []
    with tenant_scope(cast.acme.pk), pytest.raises(ImproperlyConfigured, match="SEALING_KEYS"):
        unsaved(cast.acme).save()
