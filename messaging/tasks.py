"""Celery's entry points."""
