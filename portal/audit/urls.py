from django.urls import path

from portal.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.entries, name="entries"),
    path("requests/<slug:request_id>/", views.request_story, name="request"),
    path("<int:pk>/", views.entry, name="entry"),
]
