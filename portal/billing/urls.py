from django.urls import path

from portal.billing import views

app_name = "billing"

urlpatterns = [
    path("", views.this_month, name="month"),
    path("draft/<slug:suffix>/", views.draft_file, name="draft_file"),
    path("statements/", views.statements, name="statements"),
    path("statements/<int:pk>/", views.statement, name="statement"),
    path("statements/<int:pk>/<slug:suffix>/", views.statement_file, name="statement_file"),
    path("history/", views.history, name="history"),
]
