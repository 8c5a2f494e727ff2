-- Every change of a block is a new version, and what was there before is kept. A trigger does it, so that
-- no way of writing a block goes past it. What the product learns by itself (feedback, last use, the
-- embedding) is no change of the block.
create function briefsmith.keep_revision() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.id <> old.id then
    raise exception 'a block keeps its id'
      using errcode = 'check_violation', constraint = 'context_blocks_id_kept',
        schema = 'public', table = 'context_blocks';
  end if;
  new.version := old.version;
  if (
    new.type, new.label, new.content, new.source, new.status, new.importance, new.file_ids,
    new.update_policy, new.meta_tags, new.meta_context_scope, new.meta_agent_notes,
    new.meta_refreshable, new.meta_locale, new.meta_visibility,
    new.meta_emotional_tone, new.is_auto_generated, new.requires_user_review, new.last_refreshed_at
  ) is not distinct from (
    old.type, old.label, old.content, old.source, old.status, old.importance, old.file_ids,
    old.update_policy, old.meta_tags, old.meta_context_scope, old.meta_agent_notes,
    old.meta_refreshable, old.meta_locale, old.meta_visibility,
    old.meta_emotional_tone, old.is_auto_generated, old.requires_user_review, old.last_refreshed_at
  ) then
    return new;
  end if;
  if old.status = 'locked' and new.status = 'locked' then
    raise exception 'a locked block cannot be changed'
      using errcode = 'check_violation', constraint = 'context_blocks_locked',
        schema = 'public', table = 'context_blocks';
  end if;
  -- A vector stands for the text it was made from.
  if (new.label, new.content) is distinct from (old.label, old.content)
    and new.meta_embedding::text is not distinct from old.meta_embedding::text
  then
    new.meta_embedding := null;
    new.meta_embedding_model := null;
  end if;
  new.version := old.version + 1;
  new.updated_at := now();
  insert into public.block_revisions (block_id, version, snapshot, changed_by, proposal_id)
  values (
    old.id,
    old.version,
    to_jsonb(old) - 'meta_embedding',
    coalesce(
      nullif(current_setting('briefsmith.changed_by', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    ),
    nullif(current_setting('briefsmith.proposal_id', true), '')::uuid
  );
  return new;
end
$$;

create trigger context_blocks_keep_revision before update on public.context_blocks
  for each row execute function briefsmith.keep_revision();
