from django.urls import path

from provisioning.views import credentials, dashboard, differences, orders, products, right_sizing, subscribers

app_name = "provisioning"
urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("moving/", dashboard.moving, name="moving"),
    path("mirror/", dashboard.mirror, name="mirror"),
    path("mirror/refresh/", dashboard.refresh_mirror, name="refresh"),
    path("orders/", orders.orders, name="orders"),
    path("orders/new/", orders.order_new, name="order_new"),
    path("orders/forecast/", orders.order_forecast, name="order_forecast"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("orders/<int:pk>/row/", orders.order_row, name="order_row"),
    path("orders/<int:pk>/now/", orders.order_now, name="order_now"),
    path("orders/<int:pk>/cancel/", orders.order_cancel, name="order_cancel"),
    path("subscribers/", subscribers.subscribers, name="subscribers"),
    path("subscribers/new/", subscribers.subscriber_new, name="subscriber_new"),
    path("subscribers/<int:pk>/", subscribers.subscriber, name="subscriber"),
    path("subscribers/<int:pk>/row/", subscribers.subscriber_row, name="subscriber_row"),
    path("subscribers/<int:pk>/now/", subscribers.subscriber_now, name="subscriber_now"),
    path("subscribers/<int:pk>/delete/", subscribers.subscriber_delete, name="subscriber_delete"),
    path("subscribers/<int:pk>/gone/", subscribers.subscriber_gone, name="subscriber_gone"),
    path("subscribers/<int:pk>/id/", subscribers.subscriber_id, name="subscriber_id"),
    path("subscribers/<int:pk>/credentials/", credentials.credentials, name="credentials"),
    path("differences/", differences.differences, name="differences"),
    path("differences/<int:pk>/", differences.difference, name="difference"),
    path("differences/<int:pk>/adopt/", differences.difference_decide, {"decision": "adopt"}, name="difference_adopt"),
    path(
        "differences/<int:pk>/repaired/",
        differences.difference_decide,
        {"decision": "repaired"},
        name="difference_repaired",
    ),
    path("products/<int:pk>/", products.product, name="product"),
    path("right-sizing/", right_sizing.right_sizing, name="right_sizing"),
    path("right-sizing/<int:pk>/set/", right_sizing.right_sizing_set, name="right_sizing_set"),
    path("right-sizing/<int:pk>/approve/", right_sizing.right_sizing_approve, name="right_sizing_approve"),
    path("right-sizing/plans/<int:pk>/cancel/", right_sizing.right_sizing_cancel, name="right_sizing_cancel"),
]
