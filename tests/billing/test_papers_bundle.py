"""The bundle of many statements: one ZIP, written in one pass."""

import io
import json
import tempfile
import zipfile
from hashlib import sha256

import pytest
from pypdf import PdfReader

from portal.billing.papers import bundle as bundles
from portal.billing.papers.bundle import bundle
from portal.billing.papers.csv import csv
from portal.billing.papers.json import json as to_json
from portal.billing.papers.pdf import pdf
from portal.billing.papers.xlsx import xlsx
from tests.billing.papers import draft, gateways, statement

ACME, GLOBEX = statement(), statement([gateways()], tenant="Globex", number="2026-0003")


def opened(documents) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(bundle(documents, "en"))))


@pytest.fixture
def own_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_has_the_files_of_each_and_the_tables_of_all():
    with opened([ACME, GLOBEX]) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "statement-2026-0007-acme-bv-2026-10.pdf",
            "statement-2026-0007-acme-bv-2026-10.csv",
            "statement-2026-0007-acme-bv-2026-10.json",
            "statement-2026-0003-globex-2026-10.pdf",
            "statement-2026-0003-globex-2026-10.csv",
            "statement-2026-0003-globex-2026-10.json",
            "statements.xlsx",
            "statements.csv",
            "statements.json",
            "SHA256SUMS",
        ]


def test_its_files_are_the_same_as_those_made_alone():
    with opened([ACME, GLOBEX]) as archive:
        assert archive.read("statement-2026-0003-globex-2026-10.pdf") == pdf(GLOBEX, "en")
        assert archive.read("statement-2026-0003-globex-2026-10.csv").decode() == csv([GLOBEX], "en")
        assert archive.read("statement-2026-0003-globex-2026-10.json").decode() == to_json(GLOBEX)
        assert archive.read("statements.csv").decode() == csv([ACME, GLOBEX], "en")
        assert archive.read("statements.xlsx") == xlsx([ACME, GLOBEX], "en")
        assert [each["tenant"] for each in json.loads(archive.read("statements.json"))] == ["Acme B.V.", "Globex"]


def test_its_digests_are_those_of_its_files():
    with opened([ACME, GLOBEX]) as archive:
        lines = archive.read("SHA256SUMS").decode().splitlines()
        told = {name: digest for digest, name in (line.split("  ") for line in lines)}
        assert told == {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()[:-1]}


def test_companies_that_are_called_alike_have_a_file_each():
    alike = [draft(tenant="Acme"), draft(tenant="ACME!"), draft(tenant="acme")]
    with opened(alike) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pdf")]
        assert names == [f"statement-draft-acme-2026-10{number}.pdf" for number in ("", "-2", "-3")]
        assert "ACME!" in PdfReader(io.BytesIO(archive.read(names[1]))).pages[0].extract_text()


def test_a_bundle_of_none_is_whole():
    with opened([]) as archive:
        assert json.loads(archive.read("statements.json")) == []


def test_the_same_statements_make_the_same_bundle():
    assert b"".join(bundle([ACME], "en")) == b"".join(bundle([ACME], "en"))


def test_it_is_handed_on_while_statements_are_still_read():
    read = []

    def reading():
        for document in (ACME, GLOBEX):
            read.append(document.tenant)
            yield document

    pieces = bundle(reading(), "en")
    assert next(pieces).startswith(b"PK")
    assert read == ["Acme B.V."]
    pieces.close()


def test_large_files_leave_in_small_pieces(monkeypatch):
    monkeypatch.setattr(bundles, "PIECE", 1_000)
    documents = [ACME] * 5
    pieces = list(bundle(documents, "en"))
    largest = len(pdf(ACME, "en"))
    assert len(pieces) > 20
    assert max(len(piece) for piece in pieces) <= largest + 40_000


@pytest.mark.parametrize("pieces_read", [1, 2, 1_000])
def test_nothing_is_left_behind(own_temporary_folder, pieces_read):
    pieces = bundle([ACME, GLOBEX], "en")
    for _piece, _turn in zip(pieces, range(pieces_read), strict=False):
        pass
    pieces.close()
    assert list(own_temporary_folder.iterdir()) == []


def test_temporary_files_were_there_while_it_was_made(own_temporary_folder):
    """The test above can fail."""
    pieces = bundle([ACME, GLOBEX], "en")
    next(pieces)
    assert list(own_temporary_folder.iterdir())
    pieces.close()
