"""The live catalog against the schema that was promised, written out here as data.

A line is a column: its name, its type, `null` or `not null`, and its default (`-` for none). A `*` stands for
what the promise leaves open.
"""

from typing import Any

import pytest
from psycopg import Connection

from tests.contract import catalog as read

ENUMS = {
    "context_block_type_enum": "topic intent reference style_guide insight guide question text other",
    "context_block_source_enum": "user agent imported parser",
    "context_block_status_enum": "active locked archived",
    "context_block_importance_enum": "high medium low",
    "context_block_update_policy_enum": "manual auto",
    "storage_domain": "block-files user-library brief-media",
    "output_type_enum": "prompt_block markdown structured_json text_response evolved_block",
    "proposal_action_enum": "create update delete merge",
    "proposal_status_enum": "pending approved applied rejected",
}

TABLES = {
    "context_blocks": """
        id | uuid | not null | gen_random_uuid()
        user_id | uuid | not null | -
        type | context_block_type_enum | not null | 'text'
        label | text | not null | -
        content | text | not null | -
        source | context_block_source_enum | not null | 'user'
        version | integer | not null | 1
        status | context_block_status_enum | not null | 'active'
        importance | context_block_importance_enum | not null | 'medium'
        file_ids | uuid[] | not null | '{}'
        update_policy | context_block_update_policy_enum | not null | 'auto'
        feedback_score | double precision | null | -
        last_used_successfully_at | timestamptz | null | -
        meta_tags | text[] | not null | '{}'
        meta_context_scope | text | null | -
        meta_agent_notes | text | null | -
        meta_derived_from | uuid | null | -
        meta_refreshable | boolean | not null | false
        meta_embedding | vector(256) | null | -
        meta_embedding_model | text | null | -
        meta_locale | text | null | -
        meta_visibility | text | not null | 'visible'
        meta_emotional_tone | text[] | not null | '{}'
        is_auto_generated | boolean | not null | false
        requires_user_review | boolean | not null | false
        last_refreshed_at | timestamptz | null | -
        created_at | timestamptz | not null | now()
        updated_at | timestamptz | not null | now()
    """,
    "block_files": """
        id | uuid | not null | gen_random_uuid()
        user_id | uuid | not null | -
        file_url | text | not null | -
        file_name | text | not null | -
        label | text | not null | -
        note | text | null | -
        size_bytes | integer | not null | -
        storage_domain | storage_domain | not null | 'block-files'
        is_primary | boolean | not null | false
        associated_block_id | uuid | null | -
        content_type | text | null | -
        content_sha256 | text | null | -
        created_at | timestamptz | not null | now()
    """,
    "task_briefs": """
        id | uuid | not null | gen_random_uuid()
        user_id | uuid | not null | -
        intent | text | not null | -
        sub_instructions | text | null | -
        media | jsonb | null | -
        compilation_mode | text | null | -
        core_context_snapshot | jsonb | null | -
        is_draft | boolean | not null | true
        is_published | boolean | not null | false
        is_locked | boolean | not null | false
        meta_emotional_tone | text[] | not null | '{}'
        meta_scope | text | null | -
        meta_audience | text | null | -
        task_brief_type_id | uuid | null | -
        created_at | timestamptz | not null | now()
        updated_at | timestamptz | not null | now()
    """,
    "block_brief_link": """
        id | uuid | not null | gen_random_uuid()
        block_id | uuid | not null | -
        task_brief_id | uuid | not null | -
        transformation | text | null | -
        created_at | timestamptz | not null | now()
    """,
    "deployment_configs": """
        id | uuid | not null | gen_random_uuid()
        task_brief_id | uuid | not null | -
        model | text | * | *
        temperature | double precision | * | *
        max_tokens | integer | * | *
        receiver | text | * | *
        format | text | * | *
        custom_notes | text | * | *
        created_at | timestamptz | * | *
    """,
    "task_brief_outputs": """
        id | uuid | not null | gen_random_uuid()
        task_brief_id | uuid | * | -
        config_id | uuid | null | -
        content | text | * | *
        output_type | output_type_enum | * | *
        agent_type | text | * | *
        created_at | timestamptz | * | *
    """,
    "task_brief_types": """
        id | uuid | not null | gen_random_uuid()
        title | * | * | *
        description | * | * | *
        required_context_types | jsonb | * | *
        agent_flow | jsonb | * | *
        output_type | output_type_enum | * | *
        version | integer | * | *
    """,
    "brief_feedback": """
        id | uuid | not null | gen_random_uuid()
        task_brief_id | uuid | * | -
        output_id | uuid | null | -
        user_id | uuid | not null | -
        success | boolean | not null | -
        comment | text | * | *
        created_at | timestamptz | * | *
    """,
    "block_usage_history": """
        id | uuid | not null | gen_random_uuid()
        block_id | uuid | * | -
        used_in_task_id | uuid | * | -
        used_at | timestamptz | * | *
        agent_type | * | * | *
        usage_type | * | * | *
    """,
    "block_revisions": """
        id | uuid | not null | gen_random_uuid()
        block_id | uuid | * | -
        version | integer | * | *
        snapshot | jsonb | * | *
        changed_by | text | * | *
        proposal_id | uuid | null | -
        created_at | timestamptz | * | *
    """,
    "block_change_queue": """
        id | uuid | not null | gen_random_uuid()
        user_id | uuid | not null | -
        action | proposal_action_enum | * | *
        block_id | uuid | * | -
        proposed_data | jsonb | * | *
        source_event | text | * | *
        status | proposal_status_enum | * | *
        reason | text | * | *
        created_at | timestamptz | * | *
        decided_at | timestamptz | * | *
        decided_by | * | * | *
    """,
    "agent_sessions": """
        id | uuid | not null | gen_random_uuid()
        user_id | uuid | not null | -
        agent_type | * | * | *
        status | * | * | *
        task_type_id | text | * | *
        inputs | jsonb | * | *
        metadata | jsonb | * | *
        created_at | timestamptz | * | *
    """,
    "agent_messages": """
        id | uuid | not null | gen_random_uuid()
        task_id | text | * | *
        user_id | uuid | not null | -
        agent_type | * | * | *
        message_type | * | * | *
        message_content | jsonb | * | *
        created_at | timestamptz | * | *
    """,
    "events": """
        id | bigint | not null | identity
        topic | text | * | *
        user_id | uuid | null | -
        payload | jsonb | * | *
        created_at | timestamptz | * | *
    """,
}

# `user_id` of every table references auth.users as well; what happens on delete is left open there.
FOREIGN_KEYS = {
    "context_blocks.meta_derived_from -> context_blocks set null",
    "block_files.associated_block_id -> context_blocks set null",
    "task_briefs.task_brief_type_id -> task_brief_types *",
    "block_brief_link.block_id -> context_blocks cascade",
    "block_brief_link.task_brief_id -> task_briefs cascade",
    "deployment_configs.task_brief_id -> task_briefs cascade",
    "task_brief_outputs.task_brief_id -> task_briefs cascade",
    "task_brief_outputs.config_id -> deployment_configs set null",
    "brief_feedback.task_brief_id -> task_briefs cascade",
    "brief_feedback.output_id -> task_brief_outputs set null",
    "block_usage_history.block_id -> context_blocks cascade",
    "block_usage_history.used_in_task_id -> task_briefs cascade",
    "block_revisions.block_id -> context_blocks cascade",
    "block_revisions.proposal_id -> block_change_queue set null",
    "block_change_queue.block_id -> context_blocks cascade",
}

VIEWS = {
    "view_block_usage_summary": """
        block_id uuid, user_id uuid, label text, brief_count bigint, last_used_at timestamptz,
        usage_modes text[]
    """,
    "view_user_brief_patterns": """
        user_id uuid, total_briefs bigint, dominant_tone text, dominant_scope text,
        dominant_audience text
    """,
    "view_block_popularity_by_type": """
        type context_block_type_enum, total_briefs bigint, total_usages bigint
    """,
    "block_usage_summary": """
        block_id uuid, last_used_at timestamptz, total_usages bigint, distinct_tasks bigint
    """,
}


def _promised(table: str) -> list[list[str]]:
    lines = [line.strip() for line in TABLES[table].strip().splitlines()]
    return [[part.strip() for part in line.split("|")] for line in lines]


def _live(column: read.Column) -> list[str]:
    default = "identity" if column.is_identity else column.plain_default or "-"
    null = "null" if column.is_nullable else "not null"
    return [column.name, _short(column.plain_type), null, default]


def _short(type_name: str) -> str:
    return type_name.replace("timestamp with time zone", "timestamptz")


def test_public_has_the_promised_tables_and_no_other(catalog: Connection[Any]) -> None:
    assert {column.table for column in read.columns(catalog)} == set(TABLES)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_table_has_the_promised_columns_types_nulls_and_defaults(
    table: str, catalog: Connection[Any]
) -> None:
    promised = _promised(table)

    live = [_live(column) for column in read.columns(catalog) if column.table == table]

    opened = [
        [word if word == "*" else part for word, part in zip(line, found, strict=True)]
        for line, found in zip(promised, live, strict=True)
    ]
    assert opened == promised


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_id_is_the_primary_key(table: str, catalog: Connection[Any]) -> None:
    found = catalog.execute(
        """
        select attribute.attname
        from pg_constraint as key
        join pg_attribute as attribute
          on attribute.attrelid = key.conrelid and attribute.attnum = any (key.conkey)
        where key.contype = 'p' and key.conrelid = %s::regclass
        """,
        [f"public.{table}"],
    ).fetchall()

    assert found == [("id",)]


def test_enums_have_the_promised_labels_in_their_order(catalog: Connection[Any]) -> None:
    assert read.enums(catalog) == {name: labels.split() for name, labels in ENUMS.items()}


def test_foreign_keys_are_the_promised_ones_with_their_actions(catalog: Connection[Any]) -> None:
    left_open = {promise.removesuffix(" *") for promise in FOREIGN_KEYS if promise.endswith(" *")}

    live: set[str] = set()
    for key in read.foreign_keys(catalog, ["public"]):
        reference = f"{key.table}.{key.columns[0]} -> {key.target}"
        if key.target_schema == "public":
            action = "*" if reference in left_open else key.on_delete
            live.add(f"{reference} {action}")

    assert live == FOREIGN_KEYS


def test_every_user_id_references_the_accounts(catalog: Connection[Any]) -> None:
    having = {column.table for column in read.columns(catalog) if column.name == "user_id"}

    referencing = {
        key.table
        for key in read.foreign_keys(catalog, ["public"])
        if key.columns == ["user_id"] and (key.target_schema, key.target) == ("auth", "users")
    }

    assert referencing == having
    assert len(having) == 8


def test_views_have_the_promised_columns_in_their_order(catalog: Connection[Any]) -> None:
    promised = {name: " ".join(text.split()) for name, text in VIEWS.items()}

    live: dict[str, list[str]] = {}
    for column in read.columns(catalog, kinds="v"):
        live.setdefault(column.table, []).append(f"{column.name} {_short(column.plain_type)}")

    assert {name: ", ".join(parts) for name, parts in live.items()} == promised


def test_every_view_runs_as_the_one_who_asks(catalog: Connection[Any]) -> None:
    found = catalog.execute(
        """
        select relname, coalesce('security_invoker=true' = any (reloptions), false)
        from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace
        """
    ).fetchall()

    assert dict(found) == dict.fromkeys(VIEWS, True)


def test_nothing_is_materialized_and_nothing_legacy_is_left(catalog: Connection[Any]) -> None:
    materialized = catalog.execute("select relname from pg_class where relkind = 'm'").fetchall()
    legacy = catalog.execute(
        """
        select 'class ' || relname from pg_class where relname ~ 'core_profile|profile_core'
        union all
        select 'column ' || attname from pg_attribute where attname ~ 'core_profile|profile_core'
        union all
        select 'function ' || proname from pg_proc
        where prosrc ~ 'core_profile|profile_core' or proname ~ 'core_profile|profile_core'
        union all
        select 'view ' || viewname from pg_views where definition ~ 'core_profile|profile_core'
        union all
        select 'type ' || typname from pg_type where typname ~ 'core_profile|profile_core'
        """
    ).fetchall()

    assert (materialized, legacy) == ([], [])
