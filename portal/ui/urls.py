"""The gallery of components; the project's urls include it on development servers only."""

from django.urls import path

from portal.ui.gallery import gallery

app_name = "ui"
urlpatterns = [path("", gallery, name="gallery")]
