from django.urls import path

from messaging.views import campaigns

app_name = "messaging"
urlpatterns = [
    path("", campaigns.campaigns, name="campaigns"),
]
