"""Bulk work as people do it over its pages, and its background, which works only when told to."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.bulk import work
from portal.bulk.models import Batch, BatchRow
from portal.turns import due
from tests.fixtures.video import Video

IMPORT = "provisioning.create_subscribers"


@dataclass
class Office:
    """`video` is the company's connection, `client` the browser of who works here."""

    video: Video
    client: Client

    @property
    def slug(self) -> str:
        return self.video.tenant.slug

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"bulk:{name}", args=[self.slug, *args])

    def upload(self, content: str | bytes, *, form_key: Any = None, name: str = "people.csv") -> HttpResponse:
        raw = content.encode() if isinstance(content, str) else content
        file = SimpleUploadedFile(name, raw, content_type="text/csv")
        data = {"form_key": str(form_key or uuid4()), "file": file}
        return self.client.post(self.url("new", IMPORT), data)

    def checked(self, content: str | bytes, **details: Any) -> Batch:
        """The batch of a file, its details told as they were guessed, its rows checked."""
        answer = self.upload(content)
        assert answer.status_code == 302, answer.content.decode()
        batch = self.batch()
        answer = self.tell(batch, **details)
        assert answer.status_code == 302, answer.content.decode()
        self.work()
        return self.batch()

    def tell(self, batch: Batch, **details: Any) -> HttpResponse:
        told = {f"column_{name}": str(at) for name, at in batch.columns.items()}
        product = {"product": str(self.product_id())} if batch.from_file else {}
        return self.client.post(self.url("details", batch.pk), {"form_key": str(uuid4()), **told, **product, **details})

    def choose(self, kind: str, list_key: str, **chosen: Any) -> HttpResponse:
        return self.client.post(self.url("choose"), {"kind": kind, "list": list_key, **chosen})

    def press(self, button: str, batch: Batch) -> HttpResponse:
        return self.client.post(self.url(button, batch.pk), {"form_key": str(uuid4())})

    def page(self, batch: Batch, **query: str) -> str:
        return self.client.get(self.url("batch", batch.pk), query).content.decode()

    def product_id(self) -> int:
        with self.video.scope():
            return self.video.product.pk

    def batch(self) -> Batch:
        """The latest one."""
        with self.video.scope():
            return Batch.objects.select_related("tenant").latest("pk")

    def rows(self, batch: Batch) -> list[BatchRow]:
        with self.video.scope():
            return list(BatchRow.objects.of(batch).select_related("operation").order_by("line"))

    def states(self, batch: Batch) -> dict[int, str]:
        """{line: state}."""
        return {row.line: row.state for row in self.rows(batch)}

    def reasons(self, batch: Batch) -> dict[int, str]:
        """{line: why it was not done}, of rows that were not."""
        return {row.line: row.why for row in self.rows(batch) if row.why}

    def work(self, rounds: int = 50) -> None:
        """What the bells and the sweep of the background would do, until nothing is due."""
        for _ in range(rounds):
            found = due(Batch)
            if not found:
                return
            for tenant_id, pk in found:
                work.take_turn(tenant_id, pk)
        raise AssertionError("the background never came to rest")

    def let_time_pass(self) -> None:
        """What waits for its next look is due now; leases have run out."""
        with self.video.scope():
            Batch.objects.exclude(due_at=None).update(due_at=Now(), lease_until=None)

    def finish(self) -> Batch:
        """Let workers and background do all there is to be done."""
        for _ in range(5):
            self.let_time_pass()
            self.work()
            self.video.work(rounds=200)
        return self.batch()
