"""What the parts of the portal are told by environment variables: those given, and for the rest the embedded parts."""

import base64
import json
import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import environ

from portal.local.embedded import OWNER, RUNTIME, Place, Postgres, Valkey

CHECKOUT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = CHECKOUT / ".env.example"
# Below the range from which systems take ports for outgoing connections, so that it is still free next time.
SANDBOX_PORTS = range(20_000, 32_000)
VENDOR_URLS = {"KANDY_BASE_URL", "APIDAZE_BASE_URL", "KPN_SMS_BASE_URL", "KWEBBL_BASE_URL", "KPN_TOKEN_URL"}


def documented_variables() -> list[str]:
    """Every name in `.env.example`, whether it stands there commented out or not."""
    return re.findall(r"^#?([A-Z][A-Z0-9_]*)=", EXAMPLE.read_text(), flags=re.MULTILINE)


def given_environment() -> dict[str, str]:
    """The environment, over the checkout's `.env`. A documented variable that is empty counts as not given."""
    documented = set(documented_variables())
    given = {name: value for name, value in os.environ.items() if value or name not in documented}

    class File(environ.Env):
        ENVIRON = given

    File.read_env(CHECKOUT / ".env")
    return {name: value for name, value in given.items() if value or name not in documented}


@dataclass(frozen=True)
class Kept:
    """What is made up once and must stay: connections in the database are sealed with it and point to it."""

    secret_key: str
    sealing_key: str
    sandbox_token: str
    sandbox_port: int

    @classmethod
    def in_place(cls, place: Place) -> "Kept":
        """Read it, or make it with mode 0600. Raises OSError where nothing can be written."""
        file = place.var / "kept.json"
        if not file.exists():
            made = cls(
                secret_key=secrets.token_urlsafe(50),
                sealing_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                sandbox_token=secrets.token_urlsafe(32),
                sandbox_port=_free_port(),
            )
            half = file.with_suffix(".new")
            half.touch(mode=0o600)
            half.write_text(json.dumps(asdict(made), indent=1))
            half.rename(file)
        return cls(**json.loads(file.read_text()))


def _free_port() -> int:
    while True:
        port = secrets.choice(SANDBOX_PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


@dataclass(frozen=True)
class Plan:
    """Which parts are embedded, and the environment of each process. `given` always wins."""

    place: Place
    given: Mapping[str, str]

    @cached_property
    def kept(self) -> Kept:
        return Kept.in_place(self.place)

    @property
    def postgres(self) -> Postgres | None:
        """None when DATABASE_URL names another one."""
        return None if "DATABASE_URL" in self.given else Postgres(self.place)

    @property
    def valkey(self) -> Valkey | None:
        """None when both BROKER_URL and CACHE_URL name another one."""
        return None if {"BROKER_URL", "CACHE_URL"} <= self.given.keys() else Valkey(self.place)

    @property
    def has_sandbox(self) -> bool:
        """Not beside a real vendor."""
        return not VENDOR_URLS & self.given.keys()

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.kept.sandbox_port}"

    def environment(self, **more: str) -> dict[str, str]:
        """Of a process that runs as the runtime role."""
        ours = {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONUNBUFFERED": "1",
            "DEBUG": "true",
            "SECRET_KEY": self.kept.secret_key,
            "SEALING_KEYS": self.kept.sealing_key,
            "EMAIL_URL": f"filemail:///{quote(str(self.place.var / 'mail'))}",
        }
        if self.postgres:
            ours["DATABASE_URL"] = self.postgres.url(RUNTIME)
        if self.valkey:
            ours |= {"BROKER_URL": self.valkey.broker_url(), "CACHE_URL": self.valkey.cache_url()}
        if self.has_sandbox:
            ours["KANDY_BASE_URL"] = f"{self.sandbox_url}/communication/kandy/provisioning"
            ours["APIDAZE_BASE_URL"] = f"{self.sandbox_url}/communication/apidaze/cpaas"
            ours["KPN_SMS_BASE_URL"] = f"{self.sandbox_url}/communication/kpn/sms"
            ours["KWEBBL_BASE_URL"] = f"{self.sandbox_url}/kwebbl/v100"
            ours["KPN_KEYS_BASE_URL"] = f"{self.sandbox_url}/webhookconfigs-kpn"
            ours["KPN_TOKEN_URL"] = f"{self.sandbox_url}/oauth/client_credential/accesstoken"
        return {**ours, **more, **self.given}

    def owner_environment(self) -> dict[str, str]:
        """Of a process that may change tables."""
        runtime = self.environment()
        owner = self.postgres.url(OWNER) if self.postgres else self.given.get("DATABASE_OWNER_URL")
        return {**runtime, "DATABASE_URL": owner or runtime["DATABASE_URL"]}

    def sandbox_environment(self) -> dict[str, str]:
        """Of the sandbox, and of those that may command it."""
        return self.environment(SANDBOX_URL=self.sandbox_url, SANDBOX_CONTROL_TOKEN=self.kept.sandbox_token)
