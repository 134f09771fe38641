from django.urls import path

from realtime.views import board, calls, connect, directory, subscriptions

app_name = "realtime"
urlpatterns = [
    path("", board.board, name="board"),
    path("directory/", directory.directory, name="directory"),
    path("directory/mirror/", directory.directory_mirror, name="directory_mirror"),
    path("directory/refresh/", directory.directory_refresh, name="directory_refresh"),
    path("extensions/<int:pk>/", directory.extension, name="extension"),
    path("extensions/<int:pk>/now/", directory.extension_now, name="extension_now"),
    path("extensions/<int:pk>/favourite/", directory.favourite, name="favourite"),
    path("extensions/<int:pk>/caller-id/", directory.caller_id_set, name="caller_id_set"),
    path("extensions/<int:pk>/caller-ids/", directory.caller_ids_refresh, name="caller_ids_refresh"),
    path("extensions/<int:pk>/member/", directory.extension_member, name="extension_member"),
    path("subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path("subscriptions/<int:pk>/cancel/", subscriptions.subscription_cancel, name="subscription_cancel"),
    path("connect/", connect.connect, name="connect"),
    path("connect/company/", connect.connect_company, name="connect_company"),
    path("connect/own/", connect.connect_own, name="connect_own"),
    path("connect/own/<int:pk>/end/", connect.own_grant_end, name="own_grant_end"),
    path("connect/returned/<int:pk>/", connect.connect_return, name="connect_return"),
    path("connect/asking/<int:pk>/", connect.connect_asking, name="connect_asking"),
    path("permissions/", connect.grants, name="grants"),
    path("permissions/<int:pk>/end/", connect.grant_end, name="grant_end"),
    path("now/", board.board_now, name="board_now"),
    path("place/", board.call_place, name="call_place"),
    path("calls/<int:pk>/act/<slug:what>/", board.call_act, name="call_act"),
    path("calls/<int:pk>/transfer/", board.call_transfer, name="call_transfer"),
    path("calls/", calls.calls, name="calls"),
    path("calls/<int:pk>/", calls.call, name="call"),
    path("events/", calls.events, name="events"),
    path("events/<int:pk>/", calls.event, name="event"),
]
