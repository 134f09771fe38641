"""The companies and people of a development machine. Their password is no secret, so never anywhere else."""

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from portal.local.demo import Demo
from portal.tenancy.mfa import has_second_factor
from portal.tenancy.models import Membership, Role, Tenant, User
from portal.tenancy.scope import staff_scope
from portal.tenancy.tenants import create_tenant

PASSWORD = "patchbay-demo"  # noqa: S105
TOTP_SECRET = "PATCHBAYDEMOSUPPORTSECRET2345677"  # noqa: S105
RECOVERY_CODES = ["20261101", "20261102", "20261103", "20261104", "20261105"]

COMPANIES = {"acme": ("Acme Telecom", "Europe/Amsterdam"), "globex": ("Globex", "Europe/Prague")}
PEOPLE = {
    "alice": ("alice@acme.example", "Alice Jansen", {"acme": Role.OWNER}),
    "adam": ("adam@acme.example", "Adam de Vries", {"acme": Role.ADMIN}),
    "bob": ("bob@acme.example", "Bob Bakker", {"acme": Role.OPERATOR}),
    "bill": ("bill@acme.example", "Bill Smit", {"acme": Role.BILLING}),
    "vera": ("vera@acme.example", "Vera Visser", {"acme": Role.VIEWER}),
    "charlie": ("charlie@globex.example", "Charlie Novák", {"globex": Role.OWNER}),
    "olga": ("olga@globex.example", "Olga Dvořáková", {"globex": Role.OPERATOR}),
    "petra": ("petra@partner.example", "Petra Peters", {"acme": Role.OPERATOR, "globex": Role.VIEWER}),
}
SUPPORT = ("sue@support.example", "Sue Support")


@transaction.atomic
def load_companies_and_people() -> Demo:
    """Make what is missing, and leave what is there as it is."""
    people = {key: _person(email, name) for key, (email, name, _) in PEOPLE.items()}
    tenants = {slug: _company(slug, people) for slug in COMPANIES}
    with staff_scope():
        for key, (_, _, roles) in PEOPLE.items():
            for slug, role in roles.items():
                Membership.objects.get_or_create(tenant=tenants[slug], user=people[key], defaults={"role": role})
    people["sue"] = _support()
    return Demo(tenants=tenants, people=people)


def sign_ins() -> Iterator[tuple[str, str]]:
    """Who can sign in, and as what: pairs of e-mail address and description."""
    for email, _, roles in PEOPLE.values():
        yield email, ", ".join(f"{role.label} of {COMPANIES[slug][0]}" for slug, role in roles.items())
    yield SUPPORT[0], "Support staff, at /admin/, with the second factor below"


def second_factor_of_support() -> str:
    """The address that an authenticator app takes."""
    return get_adapter().build_totp_url(User(email=SUPPORT[0]), TOTP_SECRET)


def _company(slug: str, people: dict[str, User]) -> Tenant:
    with staff_scope():
        tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is not None:
        return tenant
    name, time_zone = COMPANIES[slug]
    owner = next(people[key] for key, (_, _, roles) in PEOPLE.items() if roles.get(slug) == Role.OWNER)
    return create_tenant(name, slug=slug, owner=owner, time_zone=time_zone, acting_user=None)


def _person(email: str, name: str, **fields: bool) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=name, **fields)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _support() -> User:
    user = _person(*SUPPORT, is_staff=True, is_superuser=True)
    if not has_second_factor(user):
        encrypt = get_adapter().encrypt
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": encrypt(TOTP_SECRET)})
        Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.RECOVERY_CODES,
            data={"migrated_codes": [encrypt(code) for code in RECOVERY_CODES]},
        )
    return user
