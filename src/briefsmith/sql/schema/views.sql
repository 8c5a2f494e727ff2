-- Every view runs as the one who asks (security_invoker), so it shows what row level security shows.

create view public.view_block_usage_summary with (security_invoker = true) as
select
  block.id as block_id,
  block.user_id,
  block.label,
  count(distinct link.task_brief_id) as brief_count,
  max(link.created_at) as last_used_at,
  coalesce(
    array_agg(
      distinct link.transformation collate "C" order by link.transformation collate "C"
    )
      filter (where link.transformation is not null),
    '{}'
  ) as usage_modes
from public.context_blocks as block
left join public.block_brief_link as link on link.block_id = block.id
group by block.id;

comment on view public.view_block_usage_summary is
  'How often each block entered a brief, and how; unused blocks have a row with 0 and an empty array.';

create view public.view_user_brief_patterns with (security_invoker = true) as
select
  brief.user_id,
  count(*) as total_briefs,
  (
    select tone.value
    from public.task_briefs as mine
    cross join lateral unnest(mine.meta_emotional_tone) as tone (value)
    where mine.user_id = brief.user_id and tone.value is not null
    group by tone.value
    order by count(*) desc, tone.value collate "C"
    limit 1
  ) as dominant_tone,
  (
    select mine.meta_scope
    from public.task_briefs as mine
    where mine.user_id = brief.user_id and mine.meta_scope is not null
    group by mine.meta_scope
    order by count(*) desc, mine.meta_scope collate "C"
    limit 1
  ) as dominant_scope,
  (
    select mine.meta_audience
    from public.task_briefs as mine
    where mine.user_id = brief.user_id and mine.meta_audience is not null
    group by mine.meta_audience
    order by count(*) desc, mine.meta_audience collate "C"
    limit 1
  ) as dominant_audience
from public.task_briefs as brief
group by brief.user_id;

comment on view public.view_user_brief_patterns is
  'What a user''s briefs have in common; ties go to the alphabetically first, so the answer is stable.';

create view public.view_block_popularity_by_type with (security_invoker = true) as
select
  block.type,
  count(distinct link.task_brief_id) as total_briefs,
  count(link.id) as total_usages
from public.context_blocks as block
left join public.block_brief_link as link on link.block_id = block.id
group by block.type;

comment on view public.view_block_popularity_by_type is
  'For each type that has blocks, the briefs that used one and the uses.';

create view public.block_usage_summary with (security_invoker = true) as
select
  use.block_id,
  max(use.used_at) as last_used_at,
  count(*) as total_usages,
  count(distinct use.used_in_task_id) as distinct_tasks
from public.block_usage_history as use
group by use.block_id;

comment on view public.block_usage_summary is 'Uses of each block by tasks, from its history.';

revoke all on
  public.view_block_usage_summary,
  public.view_user_brief_patterns,
  public.view_block_popularity_by_type,
  public.block_usage_summary
from public, anon, authenticated, service_role;
grant select on
  public.view_block_usage_summary,
  public.view_user_brief_patterns,
  public.view_block_popularity_by_type,
  public.block_usage_summary
to authenticated, service_role;

-- Functions of the schema briefsmith serve triggers, policies and searches of those who are signed in.
revoke all on all functions in schema briefsmith from public, anon;
grant execute on all functions in schema briefsmith to authenticated, service_role;
-- It runs with the rights of its owner, so nobody may hang it on a table of their own.
revoke execute on function briefsmith.forget_words() from authenticated, service_role;
