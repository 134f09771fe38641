from django.urls import path

from portal.billing import views
from portal.billing.mailing import views as mailing

app_name = "billing"

urlpatterns = [
    path("", views.this_month, name="month"),
    path("draft/<slug:suffix>/", views.draft_file, name="draft_file"),
    path("statements/", views.statements, name="statements"),
    path("statements/<int:pk>/", views.statement, name="statement"),
    path("statements/<int:pk>/<slug:suffix>/", views.statement_file, name="statement_file"),
    path("history/", views.history, name="history"),
    path("mailing/", mailing.mailing, name="mailing"),
    path("mailing/mails/", mailing.mails, name="mails"),
    path("mailing/send/", mailing.mail_send, name="mail_send"),
    path("mailing/mails/<int:pk>/again/", mailing.mail_again, name="mail_again"),
    path("mailing/addresses/new/", mailing.contact_new, name="contact_new"),
    path("mailing/addresses/<int:pk>/", mailing.contact, name="contact"),
    path("mailing/addresses/<int:pk>/link/", mailing.contact_link, name="contact_link"),
    path("mailing/addresses/<int:pk>/remove/", mailing.contact_remove, name="contact_remove"),
]
