from django.urls import path

from realtime.views import board, connect

app_name = "realtime"
urlpatterns = [
    path("", board.board, name="board"),
    path("connect/", connect.connect, name="connect"),
    path("connect/company/", connect.connect_company, name="connect_company"),
    path("connect/own/", connect.connect_own, name="connect_own"),
    path("connect/own/<int:pk>/end/", connect.own_grant_end, name="own_grant_end"),
    path("connect/returned/<int:pk>/", connect.connect_return, name="connect_return"),
    path("connect/asking/<int:pk>/", connect.connect_asking, name="connect_asking"),
    path("permissions/", connect.grants, name="grants"),
    path("permissions/<int:pk>/end/", connect.grant_end, name="grant_end"),
]
