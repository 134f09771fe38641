from django.urls import path

from portal.tenancy import views

app_name = "tenancy"
urlpatterns = [
    path("", views.home, name="home"),
    path("first-steps/dismiss/", views.dismiss_first_steps, name="dismiss_first_steps"),
    path("people/", views.people, name="people"),
    path("people/invite/", views.invite, name="invite"),
    path("people/leave/", views.leave, name="leave"),
    path("people/<int:pk>/role/", views.change_role, name="change_role"),
    path("people/<int:pk>/remove/", views.remove_member, name="remove_member"),
    path("invitations/<int:pk>/resend/", views.resend_invitation, name="resend_invitation"),
    path("invitations/<int:pk>/withdraw/", views.withdraw_invitation, name="withdraw_invitation"),
    path("settings/", views.settings, name="settings"),
]
