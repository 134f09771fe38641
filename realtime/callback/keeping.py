"""The forms themselves: made, changed, put away."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.refusals import NotPromised
from realtime.callback.models import CallbackForm
from realtime.extensions.models import Extension

MOST_FORMS = 50
FULL = _("There are %(most)s forms already, and no more are kept. Delete one first.")
TAKEN = _("Another form has the name “%(name)s”. Nothing was changed.")


@transaction.atomic
def add_form(*, acting_user: Any, agent: Extension, **fields: Any) -> CallbackForm:
    """Over the telephone system of the `agent`. Raises NotPromised where the name is taken, or there are too many."""
    if CallbackForm.objects.filter(tenant_id=agent.tenant_id).count() >= MOST_FORMS:
        raise NotPromised(FULL, most=MOST_FORMS)
    fields["agent"] = agent
    form = _saved(CallbackForm(tenant_id=agent.tenant_id, connection_id=agent.connection_id, **fields))
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
    # Whoever calls back does so over their own telephone system.
    form.connection_id = form.agent.connection_id
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
