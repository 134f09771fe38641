"""Writing scripts: versions that stay, publishing what passes, rolling back, a new address, the end."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.audit.trail import record
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import Refused
from telephony.scripts.cases import Tried, try_all
from telephony.scripts.checking import MAX_CHARACTERS, Checked, check
from telephony.scripts.models import CallScript, ScriptCase, ScriptVersion
from telephony.scripts.serving import PREFIX, digest_of
from telephony.scripts.shelf import NOTHING, put

MAX_SCRIPTS = 500
MAX_CASES = 50


class NameTaken(Refused):
    def sentence(self) -> str:
        return _("Another script has this name. Choose another one; nothing was changed.")


class TooMany(Refused):
    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__()

    def sentence(self) -> str:
        return _("There are %(most)s already, and no more are kept. Delete one that is not needed.") % {
            "most": self.most
        }


class TooLong(Refused):
    def sentence(self) -> str:
        told = _("A script has at most %(most)s characters. Nothing was kept.")
        return told % {"most": MAX_CHARACTERS}


class WrittenMeanwhile(Refused):
    """`latest` is the version that somebody else has made since."""

    def __init__(self, latest: ScriptVersion) -> None:
        self.latest = latest
        super().__init__()

    def sentence(self) -> str:
        told = _("%(who)s has made version %(number)s meanwhile. Yours was not kept: compare them, then save it again.")
        return told % {"who": self.latest.made_by, "number": self.latest.number}


class NotPublished(Refused):
    """`checked` and `tried` say why; what was published before still is."""

    def __init__(self, checked: Checked, tried: Sequence[Tried]) -> None:
        self.checked, self.tried = checked, tried
        super().__init__()

    def sentence(self) -> str:
        if self.checked.errors:
            return _("The script has errors, so it was not published. What was published before still is.")
        failed = sum(not each.passed for each in self.tried)
        told = ngettext(
            "%(n)s test case failed, so it was not published. What was published before still is.",
            "%(n)s test cases failed, so it was not published. What was published before still is.",
            failed,
        )
        return told % {"n": failed}


@transaction.atomic
def create_script(tenant: Tenant, name: str, text: str, *, acting_user: Any) -> CallScript:
    """A script with its first version; nothing is published yet. Raises NameTaken, TooMany, TooLong."""
    if len(CallScript.objects.living().filter(tenant=tenant).values_list("pk")[:MAX_SCRIPTS]) == MAX_SCRIPTS:
        raise TooMany(MAX_SCRIPTS)
    secret = secrets.token_urlsafe(32)
    script = CallScript(tenant=tenant, name=name, address=secret, address_digest=digest_of(secret))
    _save_named(script)
    _add_version(script, text, "", acting_user)
    record("telephony.script_created", script, after={"name": name}, acting_user=acting_user)
    return script


@transaction.atomic
def rename(script: CallScript, name: str, *, acting_user: Any) -> None:
    """Raises NameTaken."""
    before, script.name = script.name, name
    _save_named(script, ["name"])
    record("telephony.script_renamed", script, before={"name": before}, after={"name": name}, acting_user=acting_user)


def _save_named(script: CallScript, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            script.save(update_fields=fields)
    except IntegrityError:
        raise NameTaken from None


@transaction.atomic
def save_version(script: CallScript, text: str, *, seen: int, why: str = "", acting_user: Any) -> ScriptVersion:
    """Keep a new version, written upon the one of number `seen`; the latest where nothing differs from it.

    Raises WrittenMeanwhile where somebody else was quicker, TooLong. What is published stays.
    """
    locked = CallScript.objects.living().select_for_update(of=("self",)).get(pk=script.pk)
    latest = latest_version(locked)
    if latest.text == _with_ends(text):
        return latest
    if latest.number != seen:
        raise WrittenMeanwhile(latest)
    return _add_version(locked, text, why, acting_user)


def _add_version(script: CallScript, text: str, why: str, acting_user: Any) -> ScriptVersion:
    if len(text) > MAX_CHARACTERS:
        raise TooLong
    last = ScriptVersion.objects.filter(script=script).order_by("-number").values_list("number", flat=True).first()
    version = ScriptVersion.objects.create(
        tenant_id=script.tenant_id,
        script=script,
        number=(last or 0) + 1,
        text=_with_ends(text),
        why=why,
        made_by=acting_user,
    )
    if last:
        record(
            "telephony.script_written", script, after={"version": version.number, "why": why}, acting_user=acting_user
        )
    return version


def _with_ends(text: str) -> str:
    """Browsers send the ends of lines as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def latest_version(script: CallScript) -> ScriptVersion:
    return ScriptVersion.objects.select_related("made_by").filter(script=script).order_by("-number")[:1].get()


# --- What calls get -----------------------------------------------------------------------------------------------


@transaction.atomic
def publish(script: CallScript, version: ScriptVersion, *, reason: str = "", acting_user: Any) -> None:
    """From now on calls get `version`, an older one too. Raises NotPublished for errors and failed test cases."""
    locked = CallScript.objects.living().select_for_update(of=("self",)).select_related("published").get(pk=script.pk)
    checked, tried = check(version.text), try_all(version.text, locked.cases.all())
    if checked.errors or not all(each.passed for each in tried):
        raise NotPublished(checked, tried)
    before = locked.published.number if locked.published else None
    locked.published, locked.published_at, locked.published_by = version, timezone.now(), acting_user
    locked.save(update_fields=["published", "published_at", "published_by"])
    record(
        "telephony.script_published",
        locked,
        before={"version": before},
        after={"version": version.number},
        reason=reason,
        acting_user=acting_user,
    )
    _tell_shelf({locked.address_digest: version.text})


@transaction.atomic
def withdraw(script: CallScript, *, reason: str, acting_user: Any) -> None:
    """Calls find no script here any more, until one is published again."""
    locked = CallScript.objects.select_for_update(of=("self",)).select_related("published").get(pk=script.pk)
    if locked.published is None:
        return
    before = {"version": locked.published.number}
    locked.published = locked.published_at = locked.published_by = None
    locked.save(update_fields=["published", "published_at", "published_by"])
    record("telephony.script_withdrawn", locked, before=before, reason=reason, acting_user=acting_user)
    _tell_shelf({locked.address_digest: NOTHING})


@transaction.atomic
def change_address(script: CallScript, *, reason: str, acting_user: Any) -> None:
    """A new secret address; the old one leads nowhere at once, so the vendor has to be told the new one."""
    locked = CallScript.objects.living().select_for_update(of=("self",)).select_related("published").get(pk=script.pk)
    old, secret = locked.address_digest, secrets.token_urlsafe(32)
    locked.address, locked.address_digest = secret, digest_of(secret)
    locked.save(update_fields=["address", "address_digest"])
    record("telephony.script_address_changed", locked, reason=reason, acting_user=acting_user)
    text = locked.published.text if locked.published else NOTHING
    _tell_shelf({old: NOTHING, locked.address_digest: text})


@transaction.atomic
def delete_script(script: CallScript, *, reason: str = "", acting_user: Any) -> None:
    """Its address leads nowhere at once; the versions are kept for the trail."""
    locked = CallScript.objects.select_for_update(of=("self",)).get(pk=script.pk)
    if locked.deleted_at:
        return
    locked.deleted_at = timezone.now()
    locked.save(update_fields=["deleted_at"])
    record("telephony.script_deleted", locked, before={"name": locked.name}, reason=reason, acting_user=acting_user)
    _tell_shelf({locked.address_digest: NOTHING})


def _tell_shelf(texts: dict[str, str]) -> None:
    transaction.on_commit(lambda: put(texts))


def path_of(script: CallScript) -> str:
    """Below the portal's own host. It is a secret: whoever has it can read the script."""
    return PREFIX + script.address.reveal()


# --- Test cases -----------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_case(
    script: CallScript, name: str, parameters: Mapping[str, str], expects: Sequence[str], *, acting_user: Any
) -> ScriptCase:
    """A test case by its name, in the place of one of the same name. Raises TooMany."""
    CallScript.objects.select_for_update(of=("self",)).get(pk=script.pk)
    told = {"parameters": dict(parameters), "expects": list(expects)}
    others = ScriptCase.objects.filter(script=script).exclude(name=name).values_list("pk")[:MAX_CASES]
    if len(others) == MAX_CASES:
        raise TooMany(MAX_CASES)
    case, _made = ScriptCase.objects.update_or_create(
        tenant_id=script.tenant_id, script=script, name=name, defaults=told
    )
    record("telephony.script_case_kept", script, after={"case": name, **told}, acting_user=acting_user)
    return case


@transaction.atomic
def delete_case(case: ScriptCase, *, acting_user: Any) -> None:
    record("telephony.script_case_deleted", case.script, before={"case": case.name}, acting_user=acting_user)
    case.delete()
