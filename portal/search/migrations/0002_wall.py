from django.db import migrations

from portal.search.searchable import MakeSearchFunctions
from portal.tenancy.wall import BuildWall


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]

    operations = [
        BuildWall("Word"),
        MakeSearchFunctions(),
    ]
