from django.urls import path

from portal.support import views

app_name = "support"
urlpatterns = [
    path("visits/end/", views.end_visit, name="end_visit"),
]
