from django.urls import path

from messaging.views import campaigns, opt_outs, people, rules, senders, templates

app_name = "messaging"
urlpatterns = [
    path("", campaigns.campaigns, name="campaigns"),
    path("contacts/", people.contacts, name="contacts"),
    path("contacts/new/", people.contact_new, name="contact_new"),
    path("contacts/<int:pk>/", people.contact, name="contact"),
    path("contacts/<int:pk>/edit/", people.contact_edit, name="contact_edit"),
    path("contacts/<int:pk>/delete/", people.contact_delete, name="contact_delete"),
    path("groups/", people.groups, name="groups"),
    path("groups/new/", people.group_new, name="group_new"),
    path("groups/<int:pk>/rename/", people.group_rename, name="group_rename"),
    path("groups/<int:pk>/delete/", people.group_delete, name="group_delete"),
    path("groups/<int:pk>/contacts/<int:contact_pk>/leave/", people.group_leave, name="group_leave"),
    path("do-not-send/", opt_outs.opt_outs, name="opt_outs"),
    path("do-not-send/new/", opt_outs.opt_out_new, name="opt_out_new"),
    path("do-not-send/<int:pk>/lift/", opt_outs.opt_out_lift, name="opt_out_lift"),
    path("templates/", templates.templates, name="templates"),
    path("templates/new/", templates.template_new, name="template_new"),
    path("templates/<int:pk>/", templates.template_edit, name="template_edit"),
    path("templates/<int:pk>/delete/", templates.template_delete, name="template_delete"),
    path("senders/", senders.senders, name="senders"),
    path("senders/new/", senders.sender_new, name="sender_new"),
    path("senders/<int:pk>/withdraw/", senders.sender_withdraw, name="sender_withdraw"),
    path("rules/", rules.rules, name="rules"),
    path("rules/change/", rules.rules_change, name="rules_change"),
]
