from django.urls import path

from portal.search import views

app_name = "search"
urlpatterns = [
    path("", views.found, name="found"),
    path("suggestions/", views.suggestions, name="suggestions"),
]
