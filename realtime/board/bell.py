"""Telling the boards of a company that something changed."""


def ring(tenant_id: int) -> None:
    """Returns at once; rung after the commit."""
