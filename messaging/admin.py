"""Messaging for support staff, across all tenants."""

from messaging.people import admin as people

__all__ = ["people"]
