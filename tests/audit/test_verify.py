"""manage.py verify_audit: whatever somebody with all rights in the database does to the trail is found, and the row named."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from portal.audit.chain import FIELDS, chain_waiting
from portal.audit.models import Entry, Link
from portal.audit.trail import record
from portal.audit.verification import Flaw, heads, verify
from portal.tenancy.scope import staff_scope, tenant_scope, user_scope
from tests.fixtures.database import superuser

pytestmark = pytest.mark.django_db(transaction=True)

# What each column is altered to, as SQL.
OTHER_VALUES = {
    "id": "id + 1000000",
    "tenant_id": "(select id from tenancy_tenant where slug = 'globex')",
    "at": "at + interval '1 microsecond'",
    "actor_id": "null",
    "actor_label": "'mallory@example.com'",
    "on_behalf_of_id": "actor_id + 1000000",
    "on_behalf_of_label": "'mallory@example.com'",
    "ip_address": "'203.0.113.9'",
    "request_id": "'another'",
    "action": "'tenancy.tenant_resumed'",
    "object_type": "'tenancy.user'",
    "object_id": "'0'",
    "object_label": "'Globex'",
    "before": """'{"language": "de"}'""",
    "after": "null",
    "reason": "reason || ' '",
}


def by_superuser(statement: str) -> None:
    assert superuser().execute(statement).rowcount > 0


@pytest.fixture
def trail(cast) -> list[Entry]:
    """Five acts at Acme, one at Globex and one outside any, all chained; returns Acme's."""
    with tenant_scope(cast.acme.pk):
        acts = [
            record(
                "tenancy.settings_changed",
                cast.acme,
                before={"language": "en", "rate": 1.10},
                after={"language": language},
                reason=f"Reason {number}",
                on_behalf_of=cast.vera,
                acting_user=cast.alice,
            )
            for number, language in enumerate(("nl", "en", "de", "fr", "cs"))
        ]
    with tenant_scope(cast.globex.pk):
        record("tenancy.settings_changed", cast.globex, acting_user=cast.charlie)
    with user_scope(cast.bob.pk):
        record("account.signed_in", cast.bob, acting_user=cast.bob)
    chain_waiting()
    return acts


def found(*anchors) -> dict[str, list[tuple[Flaw, int | None]]]:
    return {
        report.chain.name: [(finding.flaw, finding.entry_id) for finding in report.findings.values()]
        for report in verify(anchors=anchors)
        if report.findings
    }


def verified(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("verify_audit", *arguments, stdout=out)
    assert failure.value.returncode == 1
    return out.getvalue()


def test_an_untouched_trail_fits_and_its_heads_are_printed(trail):
    said = verified()
    assert [line for line in said.splitlines() if line.startswith("head ")] == [f"head {head}" for head in heads()]
    assert "7 entries checked" in said
    assert found(*heads()) == {}


@pytest.mark.parametrize("column", FIELDS)
def test_one_column_of_one_row_altered(trail, column):
    row = trail[2]
    by_superuser(f"update audit_entry set {column} = {OTHER_VALUES[column]} where id = {row.pk}")
    findings = found()["acme"]
    assert findings[0] == (Flaw.ENTRY_GONE if column == "id" else Flaw.ALTERED, row.pk)
    assert found().keys() - {"acme"} == set()
    said = refused()
    assert f"acme: link 3: entry {row.pk}" in said


def test_the_altered_row_is_told_with_its_time_its_person_and_its_act(trail):
    row = trail[2]
    by_superuser(f"update audit_entry set reason = 'another' where id = {row.pk}")
    assert f"{row.at:%Y-%m-%d %H:%M:%S} UTC, alice@example.com, tenancy.settings_changed, Acme" in refused()


def test_of_several_altered_rows_the_first_is_named_and_the_others_are_counted(trail):
    by_superuser(f"update audit_entry set reason = 'another' where id >= {trail[1].pk} and object_label = 'Acme'")
    said = refused("--tenant", "acme")
    assert f"acme: link 2: entry {trail[1].pk} " in said
    assert "(and 3 more like it)" in said


def test_one_row_deleted(trail):
    by_superuser(f"delete from audit_entry where id = {trail[1].pk}")
    assert found() == {"acme": [(Flaw.ENTRY_GONE, trail[1].pk)]}
    assert f"it followed entry {trail[0].pk} " in refused()


def test_several_rows_deleted_with_their_links(trail):
    ids = f"({trail[1].pk}, {trail[2].pk})"
    by_superuser(f"delete from audit_entry where id in {ids}")
    by_superuser(f"delete from audit_link where entry_id in {ids}")
    assert [flaw for flaw, _ in found()["acme"]] == [Flaw.LINK_GONE]
    assert f"links 2 to 3 are gone, with what they held: between entry {trail[0].pk} " in refused()


def test_a_row_deleted_and_the_links_closed_up_behind_it(trail):
    """The next one's digest was made after another one."""
    by_superuser(f"delete from audit_entry where id = {trail[1].pk}")
    by_superuser(f"delete from audit_link where entry_id = {trail[1].pk}")
    for sequence in (3, 4, 5):
        by_superuser(
            f"update audit_link set sequence = {sequence - 1} where sequence = {sequence} and tenant_id = {trail[0].tenant_id}"
        )
    assert found()["acme"][0] == (Flaw.ALTERED, trail[2].pk)


def test_the_last_row_deleted_with_its_link_is_found_by_an_anchor(trail, tmp_path):
    anchors = tmp_path / "heads.txt"
    anchors.write_text(verified())
    (anchor,) = [head for head in heads() if head.chain == "acme"]
    by_superuser(f"delete from audit_entry where id = {trail[4].pk}")
    by_superuser(f"delete from audit_link where entry_id = {trail[4].pk}")
    assert found() == {}
    assert found(anchor) == {"acme": [(Flaw.CUT_OFF, None)]}
    assert "link 5 was there before and is gone" in refused("--anchors", str(anchors))
    assert "link 5 was there before and is gone" in refused("--tenant", "acme", "--anchor", str(anchor))


def test_a_chain_replaced_as_a_whole_is_found_by_an_anchor(trail, cast):
    """Even by somebody with the key: everything of Acme is taken out, and a shorter story is put in its place."""
    before = heads()
    for table in ("audit_entry", "audit_link"):
        by_superuser(f"delete from {table} where tenant_id = {cast.acme.pk}")
    with tenant_scope(cast.acme.pk):
        for _ in range(5):
            record("tenancy.settings_changed", cast.acme, acting_user=cast.bob)
    chain_waiting()
    assert found() == {}
    assert found(*before) == {"acme": [(Flaw.REPLACED, None)]}


def test_a_company_that_is_gone_with_its_chain_is_found_by_an_anchor(trail):
    before = heads()
    for table in ("audit_entry", "audit_link"):
        by_superuser(f"delete from {table} where tenant_id = {trail[0].tenant_id}")
    by_superuser("delete from tenancy_tenant where slug = 'acme'")
    assert found(*before) == {"acme": [(Flaw.CUT_OFF, None)]}


@pytest.mark.parametrize("table", ["audit_entry", "audit_link"])
def test_two_rows_swapped(trail, table):
    """By exchanging the numbers under which they stand."""
    first, second = trail[1].pk, trail[3].pk
    column = {"audit_entry": "id", "audit_link": "entry_id"}[table]
    for before, after in ((first, -1), (second, first), (-1, second)):
        by_superuser(f"update {table} set {column} = {after} where {column} = {before}")
    assert found()["acme"][0][0] == Flaw.ALTERED
    assert "acme: link 2: entry" in refused()


def test_a_row_put_in_by_hand_past_the_trigger(trail, cast):
    by_superuser(COPIED.format(source=trail[1].pk, at="now()"))
    assert [flaw for flaw, _ in found()["acme"]] == [Flaw.ADDED]
    assert "was put in past the chain" in refused()


def test_a_row_put_in_by_hand_with_an_earlier_time(trail, cast):
    """With the trigger at work it is chained, at the end: where its time does not belong."""
    superuser().execute("set session_replication_role = origin")
    try:
        by_superuser(COPIED.format(source=trail[1].pk, at="now() - interval '3 hours'"))
    finally:
        superuser().execute("set session_replication_role = replica")
    chain_waiting()
    assert [flaw for flaw, _ in found()["acme"]] == [Flaw.BACKDATED]


COPIED = """insert into audit_entry (tenant_id, at, actor_id, actor_label, on_behalf_of_label, request_id, action, object_type,
 object_id, object_label, reason) select tenant_id, {at}, actor_id, actor_label, '', '', action, object_type, object_id,
 object_label, 'by hand' from audit_entry where id = {source}"""


def test_a_row_deleted_before_it_was_chained(trail, cast):
    with tenant_scope(cast.acme.pk):
        entry = record("tenancy.settings_changed", cast.acme, acting_user=cast.alice)
    by_superuser(f"delete from audit_entry where id = {entry.pk}")
    chain_waiting()
    assert found() == {"acme": [(Flaw.NEVER_CHAINED, entry.pk)]}


def test_rows_that_wait_are_counted_and_no_finding(trail, cast):
    with tenant_scope(cast.acme.pk):
        record("tenancy.settings_changed", cast.acme, acting_user=cast.alice)
    assert "acme: 1 entries wait to be chained" in verified()


@pytest.mark.parametrize("change", ["digest = sha256('x')", "sequence = sequence + 100", "chained_at = now()"])
def test_a_link_altered(trail, change):
    by_superuser(f"update audit_link set {change} where entry_id = {trail[2].pk}")
    assert found().keys() == {"acme"}


def test_a_forged_digest_without_the_key_does_not_fit(trail, settings, cast):
    """Somebody who knows the code and has all rights in the database, but not the key, makes the chain anew."""
    good, settings.SEALING_KEYS = settings.SEALING_KEYS, [Fernet.generate_key().decode()]
    for table in ("audit_entry", "audit_link"):
        by_superuser(f"delete from {table} where tenant_id = {cast.acme.pk}")
    with tenant_scope(cast.acme.pk):
        record("tenancy.settings_changed", cast.acme, acting_user=cast.alice)
    chain_waiting()
    forged = settings.SEALING_KEYS[0]
    settings.SEALING_KEYS = good
    assert found()["acme"] == [(Flaw.KEY_UNKNOWN, None)]
    (key_id,) = _key_ids(good[0])
    by_superuser(f"update audit_link set key_id = '{key_id}' where tenant_id = {cast.acme.pk}")
    assert found()["acme"][0][0] == Flaw.ALTERED
    assert forged not in refused()


def _key_ids(*keys: str) -> list[str]:
    from portal.audit.chain_keys import stretched

    return [stretched(key).id for key in keys]


def test_keys_rotate_and_the_old_one_is_kept_for_checking(trail, settings, cast):
    old, new = settings.SEALING_KEYS[0], Fernet.generate_key().decode()
    settings.SEALING_KEYS = [new]
    with tenant_scope(cast.acme.pk):
        record("tenancy.settings_changed", cast.acme, acting_user=cast.alice)
    chain_waiting()
    assert found()["acme"] == [(Flaw.KEY_UNKNOWN, None)]
    assert "which AUDIT_OLD_KEYS lacks" in refused()
    settings.AUDIT_OLD_KEYS = [old]
    assert found() == {}
    with staff_scope():
        keys = Link.objects.filter(tenant=cast.acme).order_by("sequence").values_list("key_id", flat=True)
        assert list(keys) == _key_ids(old, old, old, old, old, new)


@pytest.mark.parametrize("arguments", [["--tenant", "nobody"], ["--anchor", "acme 5"], ["--anchors", "/no/such/file"]])
def test_what_is_not_understood_is_said_before_anything_is_checked(arguments):
    with pytest.raises(CommandError, match="nothing was checked"):
        call_command("verify_audit", *arguments)
