"""manage.py rotate_keys: a new key comes, everything is put under it, the old key goes, everything still opens."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection as database

from portal.tenancy.scope import staff_scope, tenant_scope
from portal.tenancy.sealing import sealed_for
from portal.vendors.management.commands import rotate_keys
from portal.vendors.models import Connection, ConnectionState

pytestmark = pytest.mark.django_db

SECRETS = {"acme": "Acme's secret", "globex": "Globex's secret"}


@pytest.fixture
def connections(cast) -> dict[str, Connection]:
    made = {}
    for tenant in (cast.acme, cast.globex):
        with tenant_scope(tenant.pk):
            one = Connection.objects.create(
                tenant=tenant, vendor="kandy", name="Video", client_id=tenant.slug, client_secret=SECRETS[tenant.slug]
            )
            ConnectionState.objects.create(tenant=tenant, connection=one, access_token=f"token of {tenant.slug}")
            made[tenant.slug] = one
    return made


def rotate() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def secrets() -> dict[str, tuple[str, str]]:
    with staff_scope():
        rows = Connection.objects.select_related("tenant", "health")
        return {row.tenant.slug: (row.client_secret.reveal(), row.health.access_token.reveal()) for row in rows}


def ciphertexts() -> list[tuple[str, str]]:
    with staff_scope(), database.cursor() as cursor:
        cursor.execute("select client_id, client_secret from vendors_connection order by id")
        return cursor.fetchall()


def test_a_whole_rotation(connections, settings):
    old, new = settings.SEALING_KEYS[0], Fernet.generate_key().decode()
    settings.SEALING_KEYS = [new, old]
    said = rotate()
    assert "vendors.Connection.client_secret: 2 sealed, 2 resealed" in said
    assert "vendors.ConnectionState.access_token: 2 sealed, 2 resealed" in said
    assert "everything is under the newest key" in said
    settings.SEALING_KEYS = [new]
    assert secrets() == {slug: (secret, f"token of {slug}") for slug, secret in SECRETS.items()}


def test_a_second_run_changes_nothing(connections, settings):
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    rotate()
    before = ciphertexts()
    assert "2 sealed, 0 resealed" in rotate()
    assert ciphertexts() == before


def test_batches_reach_every_row(connections, settings, monkeypatch):
    monkeypatch.setattr(rotate_keys, "BATCH", 1)
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    assert "vendors.Connection.client_secret: 2 sealed, 2 resealed" in rotate()


def test_a_row_that_does_not_open_is_named_left_alone_and_fails_the_run(connections, settings):
    lost = connections["globex"]
    with staff_scope(), database.cursor() as cursor:
        cursor.execute("update vendors_connection set client_secret = 'gAAAAnonsense' where id = %s", [lost.pk])
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    with pytest.raises(CommandError, match=f"vendors.Connection.client_secret of row {lost.pk}") as failure:
        rotate()
    assert failure.value.returncode == 1
    assert not any(secret in str(failure.value) for secret in [*SECRETS.values(), "nonsense"])
    assert ciphertexts()[1][1] == "gAAAAnonsense"
    with staff_scope():
        assert Connection.objects.get(pk=connections["acme"].pk).client_secret.reveal() == SECRETS["acme"]


def test_a_secret_entered_while_the_rotation_runs_is_not_overwritten(connections, settings, monkeypatch):
    changed, real = connections["acme"], rotate_keys._replace

    def somebody_is_faster(column, pk, stored, fresh):
        if (column.name, pk) == ("client_secret", changed.pk) and not entered:
            entered.append(True)
            Connection.objects.filter(pk=pk).update(client_secret=sealed_for(changed, "client_secret", "entered now"))
        return real(column, pk, stored, fresh)

    entered: list[bool] = []
    monkeypatch.setattr(rotate_keys, "_replace", somebody_is_faster)
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    assert "everything is under the newest key" in rotate()
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    assert secrets()["acme"][0] == "entered now"


def test_its_help_tells_how_to_retire_a_key(capsys):
    with pytest.raises(SystemExit):
        call_command("rotate_keys", "--help")
    assert "To retire a key" in capsys.readouterr().out
