import portal.tenancy.sealing
import realtime.hooks.models
from django.db import migrations, models

from portal.search.searchable import Searchable


class Migration(migrations.Migration):

    dependencies = [
        ('realtime', '0005_legs_and_loose_beginnings'),
        ('tenancy', '0004_first_steps'),
        ('search', '0002_wall'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='give_up_at',
            field=models.DateTimeField(default=realtime.hooks.models.in_three_days, verbose_name='given up after'),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='previous_secret',
            field=portal.tenancy.sealing.SealedField(blank=True, default='', editable=False, verbose_name='previous secret'),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='previous_until',
            field=models.DateTimeField(editable=False, null=True, verbose_name='previous secret until'),
        ),
        migrations.AddIndex(
            model_name='callbackrequest',
            index=models.Index(fields=['form', '-created_at'], name='realtime_request_by_age'),
        ),
        migrations.AddIndex(
            model_name='callbackrequest',
            index=models.Index(condition=models.Q(('state', 'asked')), fields=['id'], name='realtime_request_open'),
        ),
        migrations.AddIndex(
            model_name='card',
            index=models.Index(fields=['tenant', 'company', 'id'], name='realtime_card_by_company'),
        ),
        migrations.AddIndex(
            model_name='card',
            index=models.Index(fields=['tenant', 'changed_at', 'id'], name='realtime_card_by_age'),
        ),
        migrations.AddIndex(
            model_name='cardnumber',
            index=models.Index(fields=['tenant', 'number'], name='realtime_card_number_begin', opclasses=['int8_ops', 'varchar_pattern_ops']),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['tenant', '-created_at', '-id'], name='realtime_delivery_by_age'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['created_at'], name='realtime_delivery_old'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(
                condition=models.Q(('lease_until', None), _negated=True), fields=['endpoint'], name='realtime_delivery_leased'
            ),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['tenant', 'message_id'], name='realtime_delivery_by_message'),
        ),
        Searchable("Card", kind="realtime.card", texts=["name", "company"], codes=["reference"]),
        Searchable("CallbackRequest", kind="realtime.callback_request", texts=["name"], codes=["number"]),
    ]
