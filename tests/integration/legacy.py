"""A database with the legacy schema, and odd content for it."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import psycopg

from briefsmith.sql import surroundings

# As the tsv of the legacy schema lists it; what that does not tell (keys, policies, rights) is as people have it.
TYPES = """
create type public.context_block_type_enum as enum (
  'topic', 'intent', 'reference', 'style_guide', 'insight', 'guide', 'question', 'text', 'other'
);
create type public.context_block_source_enum as enum ('user', 'agent', 'imported', 'parser');
create type public.context_block_status_enum as enum ('active', 'locked', 'archived');
create type public.context_block_importance_enum as enum ('low', 'medium', 'high');
"""
TABLES = """
create table public.context_blocks (
  id uuid default gen_random_uuid(),
  user_id uuid,
  type public.context_block_type_enum,
  label text,
  content text,
  source public.context_block_source_enum,
  version integer default 1,
  created_at timestamptz default now(),
  file_ids uuid[],
  status public.context_block_status_enum default 'active',
  importance public.context_block_importance_enum,
  meta_tags text[],
  meta_context_scope text,
  meta_agent_notes text,
  meta_derived_from uuid,
  meta_refreshable boolean,
  meta_embedding vector,
  meta_locale text,
  meta_visibility text,
  is_auto_generated boolean,
  requires_user_review boolean,
  last_refreshed_at timestamptz,
  meta_emotional_tone text[]
);
create table public.block_files (
  id uuid default gen_random_uuid(),
  user_id uuid,
  file_url text,
  file_name text,
  label text,
  note text,
  size_bytes integer,
  created_at timestamptz default now(),
  associated_block_id uuid,
  is_primary boolean
);
create table public.task_briefs (
  id uuid default gen_random_uuid(),
  user_id uuid,
  intent text,
  sub_instructions text,
  media jsonb,
  core_profile_data jsonb,
  created_at timestamptz default now(),
  core_context_snapshot jsonb,
  is_draft boolean,
  is_published boolean,
  is_locked boolean,
  meta_emotional_tone text[],
  meta_scope text,
  meta_audience text,
  updated_at timestamptz default now()
);
create table public.profile_core_data (
  id uuid default gen_random_uuid(),
  user_id uuid,
  display_name text,
  brand_or_company text,
  sns_links jsonb,
  tone_preferences text,
  logo_url text,
  locale text,
  updated_at timestamptz default now()
);
create table public.deployment_configs (
  id uuid default gen_random_uuid(),
  task_brief_id uuid,
  model text,
  temperature double precision,
  max_tokens integer,
  receiver text,
  format text,
  custom_notes text,
  created_at timestamptz default now()
);
create table public.task_brief_outputs (
  id uuid default gen_random_uuid(),
  task_brief_id uuid,
  config_id uuid,
  content text,
  output_type text,
  agent_type text,
  created_at timestamptz default now()
);
create table public.task_brief_types (
  id uuid default gen_random_uuid(),
  title text,
  description text,
  required_context_types jsonb,
  agent_flow jsonb,
  output_type text,
  version integer
);
create table public.block_usage_history (
  id uuid default gen_random_uuid(),
  block_id uuid,
  used_in_task_id uuid,
  used_at timestamptz default now(),
  agent_type text,
  usage_type text
);
create table public.agent_sessions (
  id uuid default gen_random_uuid(),
  user_id uuid,
  agent_type text,
  created_at timestamptz default now(),
  metadata jsonb,
  inputs jsonb,
  status text,
  task_type_id text
);
create table public.agent_messages (
  id uuid default gen_random_uuid(),
  task_id text,
  user_id uuid,
  agent_type text,
  message_type text,
  message_content jsonb,
  created_at timestamptz default now()
);
"""
VIEWS = """
create view public.block_usage_summary as
select block_id, max(used_at) as last_used_at, count(*) as total_usages,
  count(distinct used_in_task_id) as distinct_tasks
from public.block_usage_history group by block_id;
create view public.view_block_popularity_by_type as
select block.type, count(distinct use.used_in_task_id) as total_briefs, count(use.id) as total_usages
from public.context_blocks as block
left join public.block_usage_history as use on use.block_id = block.id group by block.type;
create view public.view_block_usage_summary as
select block.id as block_id, block.user_id, block.label, count(distinct use.used_in_task_id) as brief_count,
  max(use.used_at) as last_used_at, array_agg(distinct use.usage_type) as usage_modes
from public.context_blocks as block
left join public.block_usage_history as use on use.block_id = block.id
group by block.id, block.user_id, block.label;
create view public.view_user_brief_patterns as
select user_id, count(*) as total_briefs, min(meta_emotional_tone[1]) as dominant_tone,
  min(meta_scope) as dominant_scope, min(meta_audience) as dominant_audience
from public.task_briefs group by user_id;
"""
# Names that the final schema has as well, policies, a trigger, and rights.
EXTRAS = """
create index context_blocks_user_id_idx on public.context_blocks (user_id);
create index context_blocks_pkey on public.context_blocks (id);
create index agent_sessions_pkey on public.agent_sessions (id);
alter table public.agent_sessions add constraint agent_sessions_user_id_fkey
  foreign key (user_id) references auth.users (id) on delete cascade not valid;
alter table public.block_files add constraint block_files_size_check check (size_bytes > -1000000);
alter table public.context_blocks enable row level security;
create policy own_blocks on public.context_blocks for all to authenticated
  using (user_id = auth.uid()) with check (user_id = auth.uid());
create policy own_files on public.block_files for select to authenticated using (
  exists (select from public.context_blocks as b where b.id = associated_block_id)
);
grant select, insert, update, delete on all tables in schema public to authenticated;
grant select on public.task_brief_types to anon;
create function public.touch() returns trigger language plpgsql as $$
begin new.updated_at := now(); return new; end $$;
create trigger touch_profile before update on public.profile_core_data
  for each row execute function public.touch();
comment on table public.profile_core_data is 'One row a user, as a rule.';
"""

LEGACY_TABLES = (
    "task_brief_types",
    "profile_core_data",
    "context_blocks",
    "block_files",
    "task_briefs",
    "deployment_configs",
    "task_brief_outputs",
    "block_usage_history",
    "agent_sessions",
    "agent_messages",
)


def create_legacy(connection: psycopg.Connection[Any], *, bare: bool = False) -> None:
    """The legacy schema in an empty database.

    Args:
        connection: As the login that will own it.
        bare: What Supabase supplies is there.
    """
    if not bare:
        connection.execute("set search_path = public, extensions")
        connection.execute(surroundings())
    connection.execute("set search_path = public, extensions")
    for part in (TYPES, TABLES, VIEWS, EXTRAS):
        connection.execute(part.encode())


def rows_as_text(url: str, schema: str = "public") -> dict[str, list[str]]:
    """Every row of every legacy table as a record and as jsonb, sorted."""
    with psycopg.connect(url) as connection:
        connection.execute("set timezone = 'UTC'")
        return {
            table: [
                f"{record}\n{document}"
                for record, document in connection.execute(
                    f"select t::text, to_jsonb(t)::text from {schema}.{table} as t order by 1".encode()
                )
            ]
            for table in LEGACY_TABLES
        }


ENUMS = {
    "type": ["topic", "reference", "style_guide", "text", None],
    "source": ["user", "agent", "imported", None],
    "status": ["active", "active", "locked", "archived", None],
    "importance": ["low", "medium", "high", None],
}
_ODD_TEXTS = [
    "",
    " ",
    "null",
    "{}",
    "0",
    "true",
    "\\u0000",
    'a "quoted" one',
    "two\nlines\tand a tab",
]
_ODD_ENDS = [
    "",
    "",
    "",
    " ünï 🦊",
    "\x01\x7f\u2028",
    "'; drop table x; --",
    "\\n",
    '"',
    " {%s}",
    "\r\n",
]
_ODD_KEYS = ["", "a.b", "$", "0", "with space", "ключ", 'q"uote', "x" * 70, "\\", "[0]"]


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


_NUMBERS = ("1.0", "1", "-0.10", "1e30", "0.0000001", "1" * 60 + "." + "20" * 10 + "0")
_ODD_VALUES: list[Any] = ["", None, True, False, {}, [], *map(_Number, _NUMBERS)]


@dataclass
class Content:
    """Random rows of a legacy database, as every real one has some.

    Attributes:
        users: Who has an account.
        gone: Who had one.
        tokens: Words that stand in texts, keys and files, by the user in whose rows they are.
    """

    dice: random.Random
    users: list[UUID] = field(default_factory=list[UUID])
    gone: list[UUID] = field(default_factory=list[UUID])
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    _count: int = 0

    def uuid(self) -> UUID:
        return UUID(int=self.dice.getrandbits(128), version=4)

    def maybe(self, chance: float) -> bool:
        return self.dice.random() < chance

    def token(self) -> str:
        """A word that stands nowhere else."""
        self._count += 1
        return f"tok{self._count}x{self.dice.getrandbits(32):08x}"

    def text(self, *, long: int = 0) -> str | None:
        kind = self.dice.random()
        if kind < 0.12:
            return None
        if kind < 0.25:
            return self.dice.choice(_ODD_TEXTS)
        filling = " lorem ipsum" * (self.dice.randrange(long) // 12) if long else ""
        return self.token() + filling + self.dice.choice(_ODD_ENDS)

    def json(self, depth: int = 3) -> Any:
        """A JSON value whose numbers keep their digits."""
        kind = self.dice.random()
        if depth == 0 or kind < 0.4:
            return self.dice.choice([self.token(), self.token(), *_ODD_VALUES])
        if kind < 0.6:
            return [self.json(depth - 1) for _ in range(self.dice.randrange(4))]
        keys = [self.dice.choice([self.token(), "instagram", "url", *_ODD_KEYS]) for _ in range(3)]
        return {key: self.json(depth - 1) for key in keys}

    def json_column(self) -> str | None:
        """A jsonb value as text; None is SQL NULL."""
        if self.maybe(0.15):
            return None
        return _json_text(self.json())

    def time(self) -> str | None:
        return self.dice.choice(
            [
                None,
                "2024-02-29T23:59:59.123456+05:30",
                "1999-12-31 00:00:00+00",
                "2031-01-01",
                "infinity",
            ]
        )

    def texts(self) -> list[str | None] | None:
        return None if self.maybe(0.2) else [self.text() for _ in range(self.dice.randrange(3))]

    def flag(self) -> bool | None:
        return self.dice.choice([True, False, None])

    def add(self, table: str, **values: Any) -> Any:
        if "id" not in values:
            same = [row["id"] for name, row in self.rows if name == table and row["id"] is not None]
            values["id"] = self.uuid()
            if same and self.maybe(0.04):
                values["id"] = self.dice.choice(same)
            elif self.maybe(0.03):
                values["id"] = None
        self.rows.append((table, values))
        return values["id"]


def _json_text(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "{" + ",".join(f"{json.dumps(k)}:{_json_text(v)}" for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json_text, cast("list[Any]", value))) + "]"
    return json.dumps(value)


def random_content(dice: random.Random, *, users: int = 3) -> Content:
    """Rows of so many users, of users that are gone, and of nobody."""
    content = Content(dice)
    content.users = [content.uuid() for _ in range(users)]
    content.gone = [content.uuid()]
    for owner in [*content.users, content.gone[0], None]:
        _add_user(content, owner)
    for _ in range(dice.randrange(3)):
        content.add(
            "task_brief_types",
            title=content.dice.choice(["Campaign", "campaign", content.text()]),
            description=content.text(),
            required_context_types=content.json_column(),
            agent_flow=content.json_column(),
            output_type=_output_type(content),
            version=content.dice.choice([None, 1, 2, -1]),
        )
    return content


def _output_type(content: Content) -> str | None:
    return content.dice.choice(
        [
            "markdown",
            "Markdown ",
            "structured_json",
            "JSON",
            "text_response",
            "",
            None,
            content.text(),
        ]
    )


def _some(content: Content, own: Sequence[Any], table: str) -> UUID | None:
    """An id that a column may hold: one of the own rows, of anybody's, of none, or nothing."""
    kind = content.dice.random()
    others = [row["id"] for name, row in content.rows if name == table and row["id"] is not None]
    if kind < 0.65 and own:
        return content.dice.choice(list(own))
    if kind < 0.8 and others:
        return content.dice.choice(others)
    return content.uuid() if kind < 0.92 else None


def _add_user(content: Content, owner: UUID | None) -> None:
    dice = content.dice
    for _ in range(dice.choice([0, 1, 1, 2])):
        content.add(
            "profile_core_data",
            user_id=owner,
            display_name=content.text(),
            brand_or_company=content.text(),
            sns_links=content.json_column(),
            tone_preferences=content.text(long=3_000),
            logo_url=content.text(),
            locale=dice.choice(["en", "de-AT", "en_US", "German", "", None, content.text()]),
            updated_at=content.time(),
        )
    blocks = [_add_block(content, owner) for _ in range(dice.randrange(6))]
    files = [_add_file(content, owner, blocks) for _ in range(dice.randrange(5))]
    for table, values in content.rows:
        if table == "context_blocks" and values["user_id"] == owner and content.maybe(0.5):
            wanted = [*files[:2], content.uuid() if content.maybe(0.5) else None, *files[:1]]
            values["file_ids"] = [one for one in wanted if one is not None or content.maybe(0.3)]
    briefs = [_add_brief(content, owner) for _ in range(dice.randrange(4))]
    for _ in range(dice.randrange(4)):
        _add_use(content, owner, [b for b in blocks if b], [b for b in briefs if b])
    for _ in range(dice.randrange(3)):
        content.add(
            "agent_sessions",
            user_id=owner if owner in content.users or owner is None else None,
            agent_type=content.text(),
            created_at=content.time(),
            metadata=content.json_column(),
            inputs=content.json_column(),
            status=dice.choice(["running", "done", None, content.text()]),
            task_type_id=content.text(),
        )
        content.add(
            "agent_messages",
            task_id=content.text(),
            user_id=owner,
            agent_type=content.text(),
            message_type=content.text(),
            message_content=content.json_column(),
            created_at=content.time(),
        )


def _add_block(content: Content, owner: UUID | None) -> Any:
    dice = content.dice
    own = [row["id"] for name, row in content.rows if name == "context_blocks" and row["id"]]
    width = dice.choice([0, 0, 256, 3])
    vector = "[" + ",".join(str(dice.randrange(-9, 9) / 8) for _ in range(width)) + "]"
    return content.add(
        "context_blocks",
        user_id=owner,
        **{name: dice.choice(values) for name, values in ENUMS.items()},
        label=dice.choice(["Voice", "voice", "VOICE ", "y" * 600, content.text(), content.text()]),
        content=content.text(long=2_000),
        version=dice.choice([None, 1, 7, 0, -3]),
        created_at=content.time(),
        file_ids=None if content.maybe(0.5) else [],
        meta_tags=content.texts(),
        meta_context_scope=content.text(),
        meta_agent_notes=content.text(),
        meta_derived_from=_some(content, own, "context_blocks") if content.maybe(0.4) else None,
        meta_refreshable=content.flag(),
        meta_embedding=vector if width else None,
        meta_locale=dice.choice(["en", "pt-BR", "nonsense locale", None, content.text()]),
        meta_visibility=dice.choice(["visible", "hidden", "Public", None]),
        is_auto_generated=content.flag(),
        requires_user_review=content.flag(),
        last_refreshed_at=content.time(),
        meta_emotional_tone=content.texts(),
    )


def _add_file(content: Content, owner: UUID | None, blocks: Sequence[Any]) -> Any:
    own = [one for one in blocks if one is not None]
    return content.add(
        "block_files",
        user_id=owner,
        file_url=content.text(),
        file_name=content.text(),
        label=content.text(),
        note=content.text(),
        size_bytes=content.dice.choice([None, 0, 10, -1, 2**31 - 1]),
        created_at=content.time(),
        associated_block_id=_some(content, own, "context_blocks"),
        is_primary=content.dice.choice([True, True, False, None]),
    )


def _add_brief(content: Content, owner: UUID | None) -> Any:
    brief = content.add(
        "task_briefs",
        user_id=owner,
        intent=content.text(),
        sub_instructions=content.text(),
        media=content.json_column(),
        core_profile_data=content.json_column(),
        created_at=content.time(),
        core_context_snapshot=content.json_column(),
        is_draft=content.flag(),
        is_published=content.flag(),
        is_locked=content.flag(),
        meta_emotional_tone=content.texts(),
        meta_scope=content.text(),
        meta_audience=content.text(),
        updated_at=content.time(),
    )
    own = [brief] if brief is not None else []
    config = content.add(
        "deployment_configs",
        task_brief_id=_some(content, own, "task_briefs"),
        model=content.text(),
        temperature=content.dice.choice([None, 0.7, 5.0, -1.5, "NaN", "Infinity", 0.1]),
        max_tokens=content.dice.choice([None, 0, -5, 400]),
        receiver=content.text(),
        format=content.text(),
        custom_notes=content.text(),
        created_at=content.time(),
    )
    content.add(
        "task_brief_outputs",
        task_brief_id=_some(content, own, "task_briefs"),
        config_id=_some(content, [config] if config else [], "deployment_configs"),
        content=content.text(long=500),
        output_type=_output_type(content),
        agent_type=content.text(),
        created_at=content.time(),
    )
    return brief


def _add_use(
    content: Content, owner: UUID | None, blocks: Sequence[Any], briefs: Sequence[Any]
) -> None:
    content.add(
        "block_usage_history",
        block_id=_some(content, blocks, "context_blocks"),
        used_in_task_id=_some(content, briefs, "task_briefs"),
        used_at=content.time(),
        agent_type=content.text(),
        usage_type=content.text(),
    )


def store(connection: psycopg.Connection[Any], content: Content) -> None:
    """Writes the rows as they are, past everything."""
    connection.execute("set search_path = public, extensions")
    for user in content.users:
        connection.execute("insert into auth.users (id) values (%s)", [user])
    for table, values in content.rows:
        columns = ", ".join(values)
        places = ", ".join(f"%({name})s" for name in values)
        statement = f"insert into public.{table} ({columns}) values ({places})"
        connection.execute(statement.encode(), values)
