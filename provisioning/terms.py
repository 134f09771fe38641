"""By which contracts products are charged."""

from datetime import datetime

from portal.billing.terms import Terms, agreed_around, terms_from, terms_of
from provisioning.models import Product, ProductQuerySet

# Products among all that is counted: the first half of what a contract names.
METER = "provisioning.product"


def with_terms(products: ProductQuerySet, around: datetime | None = None) -> ProductQuerySet:
    """Each with what is agreed around a moment (None: now), in the same query."""
    return products.annotate(agreed=agreed_around(METER, around=around))


def terms_of_product(product: Product, around: datetime | None = None) -> Terms:
    """As `with_terms` read them, else by a query."""
    if hasattr(product, "agreed"):
        if not isinstance(product.agreed, Terms):
            product.agreed = terms_from(product.agreed)
        return product.agreed
    return terms_of(METER, [product.pk], around)[product.pk]
