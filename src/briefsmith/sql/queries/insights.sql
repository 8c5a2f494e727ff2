-- name: select_block_usage :many
-- The most used first; of equals, the one used last, then by label.
select summary.block_id, summary.label, summary.brief_count, summary.last_used_at, summary.usage_modes
from public.view_block_usage_summary as summary
where summary.user_id = %(user_id)s::uuid
  and (not %(unused_only)s::boolean or summary.brief_count = 0)
order by
  summary.brief_count desc, summary.last_used_at desc nulls last, lower(summary.label) collate "C",
  summary.block_id
limit %(limit)s::integer;

-- name: select_brief_patterns :maybe
-- None for somebody who has no brief.
select
  patterns.total_briefs, patterns.dominant_tone, patterns.dominant_scope, patterns.dominant_audience
from public.view_user_brief_patterns as patterns
where patterns.user_id = %(user_id)s::uuid;

-- name: select_popularity :many
-- Of the actor's blocks, as row level security shows no others; the most used first.
select popularity.type, popularity.total_briefs, popularity.total_usages
from public.view_block_popularity_by_type as popularity
order by popularity.total_briefs desc, popularity.total_usages desc, popularity.type;
