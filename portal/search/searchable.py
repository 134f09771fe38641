"""Making rows searchable, as a migration operation: triggers keep the words of each row true, whoever writes it and how.

`Searchable("Order", kind="provisioning.order", texts=["number"])` in a migration of the app, after one that depends on
("search", "0002_wall"). The triggers run as the writer, behind the same wall as the row.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

from portal.search.folding import fold_sql
from portal.search.models import LONGEST_WORD
from portal.tenancy.scope import STAFF_ROLE

# Of a long sentence the first words are enough.
MOST_WORDS = 8

WORDS = f"""
create or replace function search_words(texts text[], codes text[]) returns text[]
language plpgsql immutable parallel safe as $words$
declare value text; rest text; most int; words text[] := '{{}}';
begin
  foreach value in array texts loop
    rest := search_fold(value);
    continue when rest is null or rest = '';
    -- The digits of a number that is written with separators.
    if rest ~ '^[^0-9]*[0-9]+( [0-9]+)+$' then
      words := words || left(regexp_replace(rest, '[^0-9]', '', 'g'), {LONGEST_WORD});
    end if;
    -- What follows an @ is one name, shared by many.
    most := case when strpos(value, '@') = 0 then {MOST_WORDS}
                 else coalesce(cardinality(string_to_array(search_fold(split_part(value, '@', 1)), ' ')), 0) + 1 end;
    loop
      words := words || left(rest, {LONGEST_WORD});
      most := most - 1;
      exit when most < 1 or strpos(rest, ' ') = 0;
      rest := substr(rest, strpos(rest, ' ') + 1);
    end loop;
  end loop;
  foreach value in array codes loop
    words := words || left(search_fold(value), {LONGEST_WORD});
  end loop;
  -- A word with which another one begins finds nothing that the other does not.
  return array(select distinct word from unnest(words) word
               where word <> '' and not exists (select from unnest(words) longer where starts_with(longer, word || ' ')));
end $words$"""  # noqa: S608 - numbers of this file

# `old` is null for a row that has no words yet.
REPLACE = """
create or replace function search_replace(tenant bigint, kind_ text, object bigint, old text[], new text[]) returns void
language plpgsql as $replace$ begin
  if old is not null then
    delete from search_word w
    where w.tenant_id = tenant and w.kind = kind_ and w.object_id = object and w.word <> all (new);
  end if;
  insert into search_word (tenant_id, kind, object_id, word)
  select tenant, kind_, object, word from unnest(new) word where old is null or word <> all (old)
  on conflict do nothing;
end $replace$"""


class MakeSearchFunctions(Operation):
    """The functions that the triggers call. Where they change, the words there are have to be made anew (`fill_sql`)."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Functions are not part of the models' state."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, old: Any, new: Any) -> None:
        for statement in (fold_sql(), WORDS, REPLACE):
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, old: Any, new: Any) -> None:
        for signature in ("replace(bigint, text, bigint, text[], text[])", "words(text[], text[])", "fold(text)"):
            schema_editor.execute(f"drop function search_{signature}")

    def describe(self) -> str:
        return "Make the functions of the search"


class Searchable(Operation):
    """Let rows of a model be found. `texts` from each of their words on, `codes` (ids) from their beginning only."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, model: str, *, kind: str, texts: Sequence[str] = (), codes: Sequence[str] = ()) -> None:
        self.model, self.kind, self.texts, self.codes = model, kind, list(texts), list(codes)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.model], {"kind": self.kind, "texts": self.texts, "codes": self.codes}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Triggers are not part of the models' state."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, old: Any, new: Any) -> None:
        table = self._table(new, app_label, self.model)
        for statement in (*self._triggers(table), *fill_sql(table, self.kind, self.texts, self.codes)):
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, old: Any, new: Any) -> None:
        table = self._table(old, app_label, self.model)
        schema_editor.execute(f"drop function search_in_{table} cascade", params=None)
        for statement in as_staff(f"delete from search_word where kind = '{self.kind}'", "search_word"):  # noqa: S608
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return f"Let the search find {self.model}"

    def _triggers(self, table: str) -> list[str]:
        function, columns = f"search_in_{table}", [*self.texts, *self.codes]
        changed = " or ".join(f"old.{column} is distinct from new.{column}" for column in columns)
        before, after = (words_of(row, self.texts, self.codes) for row in ("old", "new"))
        return [
            f"create or replace function {function}() returns trigger language plpgsql as $$ begin"
            f" if tg_op = 'INSERT' then perform search_replace(new.tenant_id, '{self.kind}', new.id, null, {after});"
            f" elsif tg_op = 'UPDATE' then perform search_replace(new.tenant_id, '{self.kind}', new.id, {before}, {after});"
            f" else perform search_replace(old.tenant_id, '{self.kind}', old.id, {before}, '{{}}'); end if;"
            " return null; end $$",
            *(
                f"create or replace trigger search_{name} after {event} on {table} for each row {when}"
                f" execute function {function}()"
                for name, event, when in (
                    ("added", "insert", ""),
                    ("changed", f"update of {', '.join(columns)}", f"when ({changed})"),
                    ("gone", "delete", ""),
                )
            ),
        ]

    @staticmethod
    def _table(state: Any, app_label: str, name: str) -> str:
        return state.apps.get_model(app_label, name)._meta.db_table


def words_of(row: str, texts: Sequence[str], codes: Sequence[str]) -> str:
    """The SQL for the words of `row`, the name of a record or a table."""
    lists = (", ".join(f"{row}.{column}::text" for column in columns) for columns in (texts, codes))
    return "search_words({})".format(", ".join(f"array[{columns}]::text[]" for columns in lists))


def fill_sql(table: str, kind: str, texts: Sequence[str], codes: Sequence[str]) -> list[str]:
    """Make the words of all rows there are, of every tenant."""
    insert = (
        "insert into search_word (tenant_id, kind, object_id, word)"  # noqa: S608 - names of a migration
        f" select row.tenant_id, '{kind}', row.id, word"
        f" from {table} row, unnest({words_of('row', texts, codes)}) word on conflict do nothing"
    )
    return as_staff(insert, table, "search_word")


def as_staff(statement: str, *tables: str) -> list[str]:
    """`statement` over the rows of all tenants. The owner of the tables sees none; grants come after all migrations only."""
    return [
        *(f"grant select, insert, delete on {table} to {STAFF_ROLE}" for table in tables),
        f"set local role {STAFF_ROLE}",
        statement,
        "set local role none",
    ]
