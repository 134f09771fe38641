from django.urls import path

from portal.operations import views
from portal.operations.models import Decision
from portal.support.case_views import case_file

app_name = "operations"
urlpatterns = [
    path("", views.operations, name="operations"),
    path("rows/", views.rows, name="rows"),
    path("<int:pk>/", views.operation, name="operation"),
    path("<int:pk>/now/", views.now, name="now"),
    path("<int:pk>/case-file/", case_file, name="case_file"),
    path("decisions/<int:pk>/confirm/", views.confirm, name="confirm"),
    path("decisions/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    *(
        path(f"<int:pk>/{action.value.replace('_', '-')}/", views.decide, {"action": action}, name=action.value)
        for action in Decision.Action
    ),
]
