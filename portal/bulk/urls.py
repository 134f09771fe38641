from django.urls import path

from portal.bulk import views

app_name = "bulk"
urlpatterns = [
    path("", views.batches_page, name="batches"),
    path("choose/", views.choose, name="choose"),
    path("new/<str:name>/", views.new, name="new"),
    path("new/<str:name>/template/", views.template, name="template"),
    path("<int:pk>/", views.batch, name="batch"),
    path("<int:pk>/now/", views.now, name="now"),
    path("<int:pk>/details/", views.details, name="details"),
    path("<int:pk>/to-mend/", views.to_mend, name="to_mend"),
    path("<int:pk>/start/", views.start, name="start"),
    path("<int:pk>/undo/", views.undo, name="undo"),
    path("<int:pk>/discard/", views.discard, name="discard"),
]
