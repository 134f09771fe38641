"""The secrets of second factors at rest: sealed with the portal's keys, and bound to being second factors.

They belong to people and not to a tenant. allauth keeps them in the JSON of one table of its own.
"""

from collections.abc import Callable
from typing import Any

from portal.tenancy.sealing import seal, unseal

CONTEXT = "mfa"
# What opens an account: of authenticator apps, of recovery codes, of recovery codes that were given and not drawn.
# The public keys of passkeys are no secrets.
SECRETS = ("secret", "seed", "migrated_codes")


def seal_factor(plain: str) -> str:
    return seal(plain, CONTEXT)


def unseal_factor(stored: str) -> str:
    """Raises SealBroken."""
    return unseal(stored, CONTEXT)


def with_secrets(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """`Authenticator.data` with `change` applied to each secret in it."""
    return data | {name: _changed(data[name], change) for name in SECRETS if name in data}


def _changed(stored: Any, change: Callable[[str], str]) -> Any:
    return [str(change(each)) for each in stored] if isinstance(stored, list) else str(change(stored))
