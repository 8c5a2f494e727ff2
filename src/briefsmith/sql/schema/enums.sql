-- The labels are in their order: `order by importance` puts high first.

create type public.context_block_type_enum as enum (
  'topic', 'intent', 'reference', 'style_guide', 'insight', 'guide', 'question', 'text', 'other'
);
create type public.context_block_source_enum as enum ('user', 'agent', 'imported', 'parser');
create type public.context_block_status_enum as enum ('active', 'locked', 'archived');
create type public.context_block_importance_enum as enum ('high', 'medium', 'low');
create type public.context_block_update_policy_enum as enum ('manual', 'auto');
create type public.storage_domain as enum ('block-files', 'user-library', 'brief-media');
create type public.output_type_enum as enum (
  'prompt_block', 'markdown', 'structured_json', 'text_response', 'evolved_block'
);
create type public.proposal_action_enum as enum ('create', 'update', 'delete', 'merge');
create type public.proposal_status_enum as enum ('pending', 'approved', 'applied', 'rejected');
