from django.urls import path

from portal.lists import export_views, views

app_name = "lists"
urlpatterns = [
    path("exports/", export_views.exported_files, name="exports"),
    path("exports/<int:pk>/", export_views.exported, name="exported"),
    path("exports/<int:pk>/now/", export_views.exported_now, name="exported_now"),
    path("exports/<int:pk>/file/", export_views.export_file, name="export_file"),
    path("exports/<int:pk>/discard/", export_views.export_discard, name="export_discard"),
    path("filters/<int:pk>/delete/", views.filter_delete, name="delete_filter"),
    path("<str:key>/export/", export_views.export, name="export"),
    path("<str:key>/filters/", views.filter_save, name="save_filter"),
]
