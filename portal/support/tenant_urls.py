from django.urls import path

from portal.support import views

app_name = "visits"
urlpatterns = [
    path("", views.visits, name="visits"),
]
