"""The forms themselves: made, changed, put away."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.refusals import NotPromised
from portal.vendors.models import Connection
from realtime.callback.models import CallbackForm

MOST_FORMS = 50
FULL = _("There are %(most)s forms already, and no more are kept. Delete one first.")
TAKEN = _("Another form has the name “%(name)s”. Nothing was changed.")


@transaction.atomic
def add_form(connection: Connection, *, acting_user: Any, **fields: Any) -> CallbackForm:
    """Raises NotPromised where the name is taken, or there are too many."""
    if CallbackForm.objects.filter(tenant_id=connection.tenant_id).count() >= MOST_FORMS:
        raise NotPromised(FULL, most=MOST_FORMS)
    form = _saved(CallbackForm(tenant_id=connection.tenant_id, connection=connection, **fields))
    record("realtime.callback_form_added", form, after=_shown(fields), acting_user=acting_user)
    return form


@transaction.atomic
def change_form(form: CallbackForm, *, acting_user: Any, **fields: Any) -> None:
    """Raises NotPromised where the name is taken. It holds for the next form that is shown."""
    form = CallbackForm.objects.select_for_update(of=("self",)).select_related("agent").get(pk=form.pk)
    before = {name: getattr(form, name) for name, value in fields.items() if getattr(form, name) != value}
    if not before:
        return
    for name in before:
        setattr(form, name, fields[name])
    _saved(form)
    after = {name: fields[name] for name in before}
    record("realtime.callback_form_changed", form, before=_shown(before), after=_shown(after), acting_user=acting_user)


@transaction.atomic
def delete_form(form: CallbackForm, *, acting_user: Any) -> None:
    """With its requests; what was called stays in the calls."""
    record("realtime.callback_form_deleted", form, acting_user=acting_user)
    form.delete()


def _saved(form: CallbackForm) -> CallbackForm:
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        raise NotPromised(TAKEN, name=form.name) from None
    return form


def _shown(fields: dict[str, Any]) -> dict[str, Any]:
    """For the audit trail, which keeps JSON."""
    return {name: str(value) if name == "agent" else value for name, value in fields.items()}
