"""Texts to begin from, kept under a name."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from messaging.models import LONGEST_TEXT
from messaging.people.models import Template
from portal.audit.trail import record
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant

MOST_TEMPLATES = 500


@transaction.atomic
def add_template(tenant: Tenant, name: str, text: str, *, acting_user: Any) -> Template:
    """Raises NotPromised where the name is taken, or there are MOST_TEMPLATES."""
    if Template.objects.filter(tenant=tenant).count() >= MOST_TEMPLATES:
        raise NotPromised(_("There are %(most)s templates already, and no more are kept."), most=MOST_TEMPLATES)
    template = _saved(Template(tenant=tenant, name=name, text=text), acting_user)
    record("messaging.template_added", template, after={"name": name, "text": text}, acting_user=acting_user)
    return template


@transaction.atomic
def change_template(template: Template, name: str, text: str, *, acting_user: Any) -> None:
    """Campaigns that began from it keep their text. Raises NotPromised where the name is taken."""
    before, after = {"name": template.name, "text": template.text}, {"name": name, "text": text}
    if before == after:
        return
    template.name, template.text = name, text
    _saved(template, acting_user)
    record("messaging.template_changed", template, before=before, after=after, acting_user=acting_user)


def _saved(template: Template, acting_user: Any) -> Template:
    if len(template.text) > LONGEST_TEXT:
        raise NotPromised(_("A text has at most %(most)s characters. Nothing was kept."), most=LONGEST_TEXT)
    template.changed_at, template.changed_by = timezone.now(), acting_user
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError:
        raise NotPromised(_("Another template has this name. Choose another one; nothing was changed.")) from None
    return template


@transaction.atomic
def delete_template(template: Template, *, acting_user: Any) -> None:
    """Campaigns that began from it stay."""
    before = {"name": template.name, "text": template.text}
    record("messaging.template_deleted", template, before=before, acting_user=acting_user)
    template.delete()
