"""Secrets at rest: sealed with rotating keys, and bound to their tenant and field.

Each key of SEALING_KEYS is stretched (HKDF-SHA256, RFC 5869) into one key per tenant and field, so that a ciphertext
moved to another tenant's row or another column does not open. The first key seals, all of them open.
"""

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NoReturn

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.views.decorators.debug import sensitive_variables


class SealBroken(Exception):
    """A secret does not open: its key is gone, or it was moved from another tenant or field."""


class Ciphertext(str):
    """Text as it is stored."""


class _Unsealed:
    """A secret between its assignment and its sealing: shown by nothing, and not to be carried elsewhere."""

    def __init__(self, plain: str) -> None:
        self._plain = plain

    def __bool__(self) -> bool:
        return bool(self._plain)

    def __repr__(self) -> str:
        return "<not yet sealed>"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret that is not sealed yet cannot be serialised")

    def __copy__(self) -> "_Unsealed":
        return self

    def __deepcopy__(self, memo: Any) -> "_Unsealed":
        return self

    def reveal(self) -> str:
        return self._plain


class Sealed:
    """A secret as a model holds it: says nothing until `reveal()` is called."""

    def __init__(self, stored: Ciphertext | _Unsealed | str, context: str) -> None:
        self._stored, self._context = stored, context

    def reveal(self) -> str:
        """The plain text, "" for none. Raises SealBroken."""
        if isinstance(self._stored, _Unsealed):
            return self._stored.reveal()
        return unseal(self._stored, self._context) if self._stored else ""

    def __bool__(self) -> bool:
        return bool(self._stored)

    def __repr__(self) -> str:
        return "<sealed>" if self._stored else "<nothing sealed>"

    __str__ = __repr__


@sensitive_variables("plain")
def seal(plain: str, context: str) -> Ciphertext:
    return Ciphertext(_keyring(context, _keys()).encrypt(plain.encode()).decode())


def unseal(stored: str, context: str) -> str:
    """Raises SealBroken."""
    try:
        return _keyring(context, _keys()).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise _broken(context) from None


def reseal(stored: str, context: str) -> Ciphertext:
    """The same secret under the newest key; the very same text when it is under that one. Raises SealBroken."""
    try:
        _keyring(context, _keys()[:1]).decrypt(stored.encode())
        return Ciphertext(stored)
    except InvalidToken:
        pass
    try:
        return Ciphertext(_keyring(context, _keys()).rotate(stored.encode()).decode())
    except InvalidToken:
        raise _broken(context) from None


def sealed_for(instance: models.Model, name: str, plain: str) -> Ciphertext:
    """What `QuerySet.update` may write into the field `name` of the row `instance`."""
    field: Any = instance._meta.get_field(name)
    return seal(plain, field.context_of(instance.tenant_id))  # type: ignore[attr-defined]


def sealed_fields() -> Iterator["SealedField"]:
    """Every sealed field of every table."""
    for model in apps.get_models():
        yield from (field for field in model._meta.local_concrete_fields if isinstance(field, SealedField))


def _broken(context: str) -> SealBroken:
    return SealBroken(f"the secret of {context} does not open with any of the sealing keys")


def _keys() -> tuple[str, ...]:
    if not settings.SEALING_KEYS:
        raise ImproperlyConfigured("SEALING_KEYS is empty: there is no key to seal secrets with")
    return tuple(settings.SEALING_KEYS)


@lru_cache(maxsize=4096)
def _keyring(context: str, keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_stretch(key, context)) for key in keys])


def _stretch(key: str, context: str) -> bytes:
    raw = base64.urlsafe_b64decode(key)
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, salt=None, info=context.encode()).derive(raw))


class SealedAttribute(DeferredAttribute):
    """Reading gives `Sealed`; assigning plain text seals it when the row is saved."""

    field: "SealedField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        return Sealed(super().__get__(instance, cls), self.field.context_of(instance.tenant_id))

    def __set__(self, instance: Any, value: Any) -> None:
        stored = value._stored if isinstance(value, Sealed) else value
        if stored and not isinstance(stored, Ciphertext | _Unsealed):
            stored = _Unsealed(stored)
        instance.__dict__[self.field.attname] = stored or ""


class SealedField(models.TextField):
    """Text sealed at rest. Cannot be looked up, edited in the admin, or updated without its row."""

    descriptor_class = SealedAttribute
    # What type checkers see on a row.
    _pyi_private_set_type: "str | Sealed"  # type: ignore[assignment]
    _pyi_private_get_type: "Sealed"  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"editable": False, "blank": True, "default": ""}
        super().__init__(*args, **kwargs)

    def context_of(self, tenant_id: int) -> str:
        """What a ciphertext of this field is bound to."""
        return f"{tenant_id}:{self.model._meta.label_lower}.{self.name}"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str:
        return Ciphertext(value) if value else ""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        stored = model_instance.__dict__.get(self.attname) or ""
        if isinstance(stored, _Unsealed):
            stored = seal(stored.reveal(), self.context_of(model_instance.tenant_id))
            model_instance.__dict__[self.attname] = stored
        return stored

    def get_prep_value(self, value: Any) -> Any:
        if value and not isinstance(value, Ciphertext):
            raise TypeError(f"{self.name} is sealed: save the row, do not update or look up the column")
        return super().get_prep_value(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is sealed: no {lookup_name} look-up")
        return super().get_lookup(lookup_name)
