-- Rows of the legacy tables. Each table has a statement that says whose a row is; `of_owners` is put around it,
-- in place of legacy_rows, and gives every row its key, its owner and its text.

-- name: of_owners :many
-- A column that is SQL NULL is missing in the text, so that it is told apart from JSON null. Without an owner is
-- what belongs to all, and what has a reason to go to the archive alone. An id that several rows have, or none,
-- gets a number, in the order of their texts.
with legacy as not materialized (
  legacy_rows
),
doubled as materialized (
  select legacy.id from legacy group by legacy.id having count(*) > 1 or legacy.id is null
),
named as (
  select legacy.*, legacy.id::text as key
  from legacy
  where legacy.id is not null and not exists (select from doubled where doubled.id = legacy.id)
  union all
  select
    legacy.*,
    coalesce(legacy.id::text, 'null') || case
      when legacy.id is null or row_number() over same_id > 1
        then '#' || row_number() over same_id
      else ''
    end
  from legacy
  where legacy.id is null or exists (select from doubled where doubled.id = legacy.id)
  window same_id as (partition by legacy.id order by legacy.content::text collate "C")
),
owned as (
  select
    named.key, named.content, named.json_nulls,
    case when named.lost is null then account.id end as owner,
    coalesce(
      named.lost,
      case
        when named.shared then null
        when named.owner is null then 'It has no user.'
        when account.id is null then 'Its user is gone.'
      end
    ) as reason
  from named
  left join auth.users as account on account.id = named.owner
)
select owned.key, owned.owner, owned.reason,
  case when %(texts)s::boolean then printed.text end as text,
  encode(sha256(convert_to(printed.text, 'UTF8')), 'hex') as sha256
from owned
cross join lateral (
  select (
    owned.content - array(
      select part.key from jsonb_each(owned.content) as part
      where part.value = 'null' and part.key <> all (owned.json_nulls)
    )
  )::text as text
  offset 0
) as printed
where %(owners)s::uuid[] is null or owned.owner is null or owned.owner = any (%(owners)s::uuid[])
order by owned.owner nulls first, owned.key collate "C";

-- name: task_brief_types :many
select
  one.id, null::uuid as owner, true as shared, null::text as lost, to_jsonb(one) as content,
  array_remove(array[
    case when jsonb_typeof(one.required_context_types) = 'null' then 'required_context_types' end,
    case when jsonb_typeof(one.agent_flow) = 'null' then 'agent_flow' end
  ], null) as json_nulls
from public.task_brief_types as one;

-- name: profile_core_data :many
select
  one.id, one.user_id as owner, false as shared, null::text as lost, to_jsonb(one) as content,
  array_remove(array[
    case when jsonb_typeof(one.sns_links) = 'null' then 'sns_links' end
  ], null) as json_nulls
from public.profile_core_data as one;

-- name: context_blocks :many
select
  one.id, one.user_id as owner, false as shared, null::text as lost, to_jsonb(one) as content,
  '{}'::text[] as json_nulls
from public.context_blocks as one;

-- name: block_files :many
select
  one.id, one.user_id as owner, false as shared, null::text as lost, to_jsonb(one) as content,
  '{}'::text[] as json_nulls
from public.block_files as one;

-- name: task_briefs :many
select
  one.id, one.user_id as owner, false as shared, null::text as lost, to_jsonb(one) as content,
  array_remove(array[
    case when jsonb_typeof(one.media) = 'null' then 'media' end,
    case when jsonb_typeof(one.core_profile_data) = 'null' then 'core_profile_data' end,
    case when jsonb_typeof(one.core_context_snapshot) = 'null' then 'core_context_snapshot' end
  ], null) as json_nulls
from public.task_briefs as one;

-- name: deployment_configs :many
select
  one.id, brief.owner, false as shared,
  case
    when one.task_brief_id is null then 'It has no brief.'
    when brief.id is null then 'Its brief is gone.'
    when brief.owners > 1 then 'Its brief''s id stands for briefs of several users.'
  end as lost,
  to_jsonb(one) as content,
  '{}'::text[] as json_nulls
from public.deployment_configs as one
left join (
  select id, min(user_id::text)::uuid as owner, count(distinct coalesce(user_id::text, '')) as owners
  from public.task_briefs group by id
) as brief on brief.id = one.task_brief_id;

-- name: task_brief_outputs :many
select
  one.id, brief.owner, false as shared,
  case
    when one.task_brief_id is null then 'It has no brief.'
    when brief.id is null then 'Its brief is gone.'
    when brief.owners > 1 then 'Its brief''s id stands for briefs of several users.'
  end as lost,
  to_jsonb(one) as content,
  '{}'::text[] as json_nulls
from public.task_brief_outputs as one
left join (
  select id, min(user_id::text)::uuid as owner, count(distinct coalesce(user_id::text, '')) as owners
  from public.task_briefs group by id
) as brief on brief.id = one.task_brief_id;

-- name: block_usage_history :many
select
  one.id, block.owner, false as shared,
  case
    when one.block_id is null then 'It has no block.'
    when block.id is null then 'Its block is gone.'
    when block.owners > 1 then 'Its block''s id stands for blocks of several users.'
    when one.used_in_task_id is null then 'It has no brief.'
    when brief.id is null then 'Its brief is gone.'
    when brief.owners > 1 then 'Its brief''s id stands for briefs of several users.'
    when brief.owner <> block.owner then 'Its block and its brief are of two users.'
    when brief.owner is null or block.owner is null then 'It has no user.'
  end as lost,
  to_jsonb(one) as content,
  '{}'::text[] as json_nulls
from public.block_usage_history as one
left join (
  select id, min(user_id::text)::uuid as owner, count(distinct coalesce(user_id::text, '')) as owners
  from public.context_blocks group by id
) as block on block.id = one.block_id
left join (
  select id, min(user_id::text)::uuid as owner, count(distinct coalesce(user_id::text, '')) as owners
  from public.task_briefs group by id
) as brief on brief.id = one.used_in_task_id;

-- name: agent_sessions :many
select
  one.id, one.user_id as owner, false as shared, null::text as lost, to_jsonb(one) as content,
  array_remove(array[
    case when jsonb_typeof(one.metadata) = 'null' then 'metadata' end,
    case when jsonb_typeof(one.inputs) = 'null' then 'inputs' end
  ], null) as json_nulls
from public.agent_sessions as one;

-- name: agent_messages :many
select
  one.id, one.user_id as owner, false as shared, null::text as lost, to_jsonb(one) as content,
  array_remove(array[
    case when jsonb_typeof(one.message_content) = 'null' then 'message_content' end
  ], null) as json_nulls
from public.agent_messages as one;
