"""The portal's settings with nothing around a view: what the portal's own endpoints are compared with."""

from portal.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
INSTALLED_APPS: list[str] = []
ROOT_URLCONF = "bench.bare_view"
STREAMS: list[tuple[str, str]] = []
