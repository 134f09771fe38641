from django.urls import path

from realtime.views import board

app_name = "realtime"
urlpatterns = [
    path("", board.board, name="board"),
]
