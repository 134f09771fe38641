"""Customer cards: who is calling, as far as the company knows."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey


class CardRules(TenantModel):
    """Where a card leads in the company's own CRM: an https address with places such as {number}, {reference}."""

    link = models.CharField(_("address in the CRM"), max_length=500, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("rules for cards"), _("rules for cards")
        constraints = [models.UniqueConstraint(fields=["tenant"], name="realtime_card_rules_once")]

    def __str__(self) -> str:
        return str(_("Rules for cards"))


class Card(TenantModel):
    """A customer. `reference` is what the company's CRM calls them."""

    name = models.CharField(_("name"), max_length=120)
    company = models.CharField(_("company"), max_length=120, blank=True)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("customer card"), _("customer cards")
        indexes = [
            models.Index(fields=["tenant", "name", "id"], name="realtime_card_list"),
            models.Index(fields=["tenant", "company", "id"], name="realtime_card_by_company"),
            models.Index(fields=["tenant", "changed_at", "id"], name="realtime_card_by_age"),
        ]

    def __str__(self) -> str:
        return self.name


class CardNumber(TenantModel):
    """A number (E.164) that leads to one card."""

    card = TenantForeignKey(Card, models.CASCADE, related_name="numbers", verbose_name=_("card"))
    # In the same order as those of calls: an index of another order answers no comparison with them.
    number = models.CharField(_("number"), max_length=16, db_collation="C")

    class Meta:
        verbose_name, verbose_name_plural = _("number of a card"), _("numbers of cards")
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="realtime_card_number_once")]
        indexes = [
            models.Index(
                fields=["tenant", "number"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="realtime_card_number_begin",
            )
        ]

    def __str__(self) -> str:
        return self.number
