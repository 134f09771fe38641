"""Asking for a trial, and making it: one call by a worker, outside any transaction, and what came of it kept for the page.

What a vendor or a stranger's machine answers is kept as text, never more than a script may have, and judged when it is shown.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from kombu.exceptions import OperationalError

from portal.audit.trail import record
from portal.sentences import Sentence
from portal.tenancy.refusals import Refused
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.errors import VendorError
from portal.vendors.fetching import NotFetched, fetch
from portal.vendors.line import Line
from portal.vendors.models import Connection
from telephony.client import ApidazeClient
from telephony.scripts.addresses import Address, public_address
from telephony.scripts.checking import MAX_CHARACTERS
from telephony.trials.models import KEPT, ScriptTrial

logger = logging.getLogger(__name__)

MOST_UNDER_WAY = 5
# For the queue before the worker, beyond the time-outs of a token and a read with its one repeat.
QUEUE = timedelta(seconds=15)
Way = ScriptTrial.Way


class TooManyTrials(Refused):
    def sentence(self) -> str:
        return _("Several tests are under way already. Wait for their results; nothing was started.")


class NotFromHere(Refused):
    def sentence(self) -> str:
        return _("A call script of this portal is checked in its editor; only an address elsewhere is fetched.")


def under_way(trial: ScriptTrial) -> bool:
    return trial.ended_at is None and trial.asked_at > timezone.now() - patience()


def lost(trial: ScriptTrial) -> bool:
    """No worker has told a result in time."""
    return trial.ended_at is None and not under_way(trial)


def patience() -> timedelta:
    """How long a trial may be under way before it counts as lost."""
    return 2 * timedelta(seconds=settings.VENDOR_TOTAL_TIMEOUT) + QUEUE


@transaction.atomic
def start_trial(
    connection: Connection, address: Address, parameters: Mapping[str, str], *, way: Way = Way.VENDOR, acting_user: Any
) -> ScriptTrial:
    """Have a worker try the script at `address` as for a call with `parameters`. Raises TooManyTrials, NotFromHere."""
    if way == Way.HERE and address.hosted:
        raise NotFromHere
    open_ones = ScriptTrial.objects.filter(
        connection=connection, ended_at=None, asked_at__gt=timezone.now() - patience()
    )
    if open_ones.count() >= MOST_UNDER_WAY:
        raise TooManyTrials
    trial = ScriptTrial.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        way=way,
        hosted=address.hosted,
        url=address.url,
        parameters=dict(parameters),
        requested_by=acting_user,
    )
    record("telephony.script_tried", trial, after={"script": str(address), "way": way.value}, acting_user=acting_user)
    transaction.on_commit(lambda: _send(trial.tenant_id, trial.pk))
    return trial


def _send(tenant_id: int, trial_id: int) -> None:
    try:
        current_app.send_task("telephony.tasks.run_script_trial", args=(tenant_id, trial_id), queue="sync", retry=False)
    except OperationalError:
        # Nothing sweeps for it: the page says after a while that no worker came.
        logger.warning("the broker is away; trial %s of a script will not be made", trial_id)


def run_trial(tenant_id: int, trial_id: int) -> None:
    """Make the one call of a trial that nobody has made yet, and keep what came of it."""
    with tenant_scope(tenant_id):
        free = ScriptTrial.objects.filter(pk=trial_id, taken_at=None, connection__enabled=True, tenant__state="active")
        if not free.update(taken_at=Now()):
            return
        trial = ScriptTrial.objects.select_related("connection", "hosted").get(pk=trial_id)
        url = public_address(trial.hosted) if trial.hosted else trial.url.reveal()
    found = _fetch(url) if trial.way == Way.HERE else _have_vendor_try(trial, url)
    with tenant_scope(tenant_id):
        ScriptTrial.objects.filter(pk=trial_id).update(ended_at=timezone.now(), **found)


def _fetch(url: str) -> dict[str, Any]:
    try:
        return _answered(fetch(url).body.decode("utf-8", "replace"))
    except NotFetched as why:
        return {"flaw": str(why)[:500]}


def _have_vendor_try(trial: ScriptTrial, url: str) -> dict[str, Any]:
    line, error = Line(trial.connection), None
    try:
        told = ApidazeClient(line.http).try_script(url, trial.parameters)
        found = _answered(told.text) if told.told is None else _no_script()
    except VendorError as failure:
        error = failure
        found = {"flaw": (failure.vendor_message or str(failure))[:500]}
    except ValueError:
        found = {"flaw": gettext_noop("A parameter cannot be sent: write its name, and printable text as its value.")}
    with tenant_scope(trial.tenant_id):
        line.close(error)
    return found


def _no_script() -> dict[str, Any]:
    return {"flaw": gettext_noop("The vendor answered with something else than a script.")}


def _answered(text: str) -> dict[str, Any]:
    """What PostgreSQL cannot keep is replaced; what is more than a script may have is only counted."""
    kept = text[:MAX_CHARACTERS].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return {"answer": kept.encode("utf-8", "replace").decode(), "length": len(text)}


def said(trial: ScriptTrial) -> str:
    """Why nothing came, in the reader's language where the words are ours."""
    return str(Sentence(trial.flaw)) if trial.flaw else ""


def purge() -> None:
    """What was kept for a day is forgotten; over all tenants."""
    with staff_scope():
        ScriptTrial.objects.filter(asked_at__lt=timezone.now() - KEPT).delete()
