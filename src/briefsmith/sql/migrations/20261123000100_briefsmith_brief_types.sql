-- briefsmith:data
-- The kinds of briefs that every store begins with. Rows with the same title and version stay as they are.
set local lock_timeout = '5s';

-- The owner of the table is bound by its policies as everybody is, and none lets anybody write.
alter table public.task_brief_types no force row level security;

insert into public.task_brief_types
  (id, title, description, required_context_types, agent_flow, output_type)
values
  (
    '54d76f56-2a9c-5f6e-98e1-e2e58775a02a', 'Launch plan',
    'How something new reaches the people it is for: steps, dates, channels, who does what.',
    '["topic", "reference", "style_guide"]', '["composer", "editor", "validator"]', 'markdown'
  ),
  (
    '8b4ee06e-b6bb-5552-9503-15bb03cca3bf', 'Competitor analysis',
    'What others offer, where we differ, and what follows from it.',
    '["reference", "insight"]', '["researcher", "composer", "validator"]', 'markdown'
  ),
  (
    '484e5aeb-6215-55c5-8f18-65cf3569daeb', 'Content calendar',
    'What is published when and where, with a purpose for each piece.',
    '["topic", "style_guide"]', '["composer", "editor", "validator"]', 'markdown'
  ),
  (
    '66a324ce-fce5-587f-b66a-c9674bbf21ae', 'Support answer',
    'A reply to one customer that is right, kind and in our voice.',
    '["reference", "style_guide"]', '["composer", "editor", "validator"]', 'text_response'
  ),
  (
    '35048ad4-1aaf-5352-945c-dd8045901f72', 'Research question',
    'A question, what is known about it, and what has to be found out.',
    '["question"]', '["researcher", "composer"]', 'markdown'
  ),
  (
    '7b7dcb72-598e-54f9-b472-9a754e9dce2e', 'Newsletter',
    'One issue: its story, its parts and its call to action, for readers who know us.',
    '["style_guide", "topic"]', '["composer", "editor", "validator"]', 'markdown'
  ),
  (
    '92d5f989-2be8-5f67-8524-a3ed78f715d9', 'Product description',
    'What a product is and does, for somebody who may buy it; facts only.',
    '["reference", "style_guide"]', '["composer", "editor", "validator"]', 'text_response'
  ),
  (
    '8c7169ea-3ab6-5806-85ff-839365da2c53', 'Decision record',
    'What was decided, why, what was refused, and what has to be true for it to stay.',
    '["insight", "reference"]', '["composer", "validator"]', 'markdown'
  ),
  (
    'f7cd4393-f49d-5895-9d0b-d84e23c32b12', 'Social posts',
    'Several short posts on one subject, each able to stand alone.',
    '["style_guide"]', '["composer", "editor"]', 'text_response'
  ),
  (
    '95b72f73-bf0c-5de7-a842-c58c2d2e9627', 'Agent instructions',
    'What an agent has to know and heed before it works for us.',
    '["guide", "style_guide"]', '["composer", "validator"]', 'prompt_block'
  )
on conflict do nothing;

alter table public.task_brief_types force row level security;
