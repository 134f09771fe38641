"""Rows of which only some columns were read, among others or as JSON. The others are read when somebody asks for them."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import DEFERRED, Model, TextField
from django.db.models.functions import Cast, JSONObject

Row = TypeVar("Row", bound=Model)


def as_json(*names: str) -> JSONObject:
    """Columns for `partial_row`, each as text: JSON would make a number of money."""
    return JSONObject(**{name: Cast(name, TextField()) for name in names})


def partial_row(model: type[Row], values: Mapping[str, Any]) -> Row:
    """`values` by column ("tenant_id"), as themselves or as text."""
    columns = [field.attname for field in model._meta.concrete_fields]
    read = [
        field.to_python(values[field.attname]) if field.attname in values else DEFERRED
        for field in model._meta.concrete_fields
    ]
    return model.from_db(DEFAULT_DB_ALIAS, columns, read)
