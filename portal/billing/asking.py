"""What admin pages about money share: forms of our own that call verbs, and a filter by month."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from portal.billing.staff_forms import months_over
from portal.ui.journals import JournalAdmin


class AskedForm(JournalAdmin):
    """Rows are added by filling in a form of our own, which calls a verb."""

    may_add, form_title, form_button = "", _("Add"), _("Save")

    def has_add_permission(self, request: Any, *args: Any) -> bool:
        return request.user.has_perm(self.may_add)

    def _ask(self, request: HttpRequest, form: forms.Form, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": self.form_title,
            "button": self.form_button,
            "opts": self.opts,
            "form": form,
            **more,
        }
        return render(request, "billing/admin_form.html", context, status=422 if form.errors else 200)

    def _require_adding(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied


class MonthFilter(admin.SimpleListFilter):
    """Of the last two years, without asking the table which months it has."""

    title, parameter_name = _("month"), "in"
    # What it narrows by.
    month_field = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return months_over()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = self.value() in dict(months_over())
        return queryset.filter(**{self.month_field: date.fromisoformat(str(self.value()))}) if known else queryset
