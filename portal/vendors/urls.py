from django.urls import path

from portal.vendors import views

app_name = "vendors"
urlpatterns = [
    path("", views.connections, name="connections"),
    path("new/", views.connection_new, name="connection_new"),
    path("calls/", views.calls, name="calls"),
    path("calls/<int:pk>/", views.call, name="call"),
    path("<int:pk>/", views.connection, name="connection"),
    path("<int:pk>/edit/", views.connection_edit, name="connection_edit"),
    path("<int:pk>/enable/", views.connection_enable, name="connection_enable"),
    path("<int:pk>/disable/", views.connection_disable, name="connection_disable"),
    path("<int:pk>/test/", views.connection_test, name="connection_test"),
    path("<int:pk>/health/", views.connection_health, name="connection_health"),
    path("<int:pk>/version-noted/", views.connection_version_noted, name="connection_version_noted"),
]
