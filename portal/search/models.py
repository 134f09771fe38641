"""By which words the rows of a tenant are found. Triggers alone write here (`portal.search.searchable`)."""

from django.db import models

from portal.tenancy.models import Tenant, TenantModel

LONGEST_WORD = 60


class Word(TenantModel):
    """One beginning by which a row is found: a value from one of its words on, folded (`portal.search.folding`).

    "John.Smith@acme.com" is found from "john smith acme com", "smith acme com" and "acme com". In byte order all words with
    the same beginning stand together, and a range of texts is what PostgreSQL looks up in an index behind the wall.
    """

    pk = models.CompositePrimaryKey("tenant_id", "kind", "object_id", "word")
    # Without a constraint: the row that the words are of has one, and there are several words for each.
    tenant = models.ForeignKey(Tenant, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    kind = models.CharField(max_length=60, db_collation="C")
    object_id = models.BigIntegerField()
    word = models.CharField(max_length=LONGEST_WORD, db_collation="C")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "kind", "word", "-object_id"], name="word_by_beginning"),
            # For support staff, who search all tenants.
            models.Index(fields=["kind", "word", "-object_id"], name="word_of_any_tenant"),
        ]

    def __str__(self) -> str:
        return self.word
