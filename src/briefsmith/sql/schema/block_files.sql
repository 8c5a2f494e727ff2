-- A file in the user's library or attached to a block.
create table public.block_files (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  file_url text not null,
  file_name text not null,
  label text not null,
  note text,
  size_bytes integer not null,
  storage_domain public.storage_domain not null default 'block-files',
  is_primary boolean not null default false,
  associated_block_id uuid,
  content_type text,
  content_sha256 text,
  created_at timestamptz not null default now(),
  constraint block_files_pkey primary key (id),
  constraint block_files_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint block_files_associated_block_id_fkey
    foreign key (associated_block_id) references public.context_blocks (id) on delete set null,
  constraint block_files_size_bytes_check check (size_bytes >= 0)
);

comment on table public.block_files is 'A file in the user''s library or attached to a block.';
comment on column public.block_files.file_url is 'Where the bytes are.';
comment on column public.block_files.file_name is 'As the user named it; never used as a path.';
comment on column public.block_files.note is 'What an agent should make of it.';
comment on column public.block_files.content_type is 'Sniffed from the bytes, not believed.';

create index block_files_user_id_idx on public.block_files (user_id, created_at, id);
create index block_files_associated_block_id_idx on public.block_files (associated_block_id);
create unique index block_files_primary_key
  on public.block_files (associated_block_id) where is_primary;

alter table public.block_files enable row level security;
alter table public.block_files force row level security;
revoke all on public.block_files from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.block_files to authenticated;
grant select, insert, update, delete on public.block_files to service_role;

create policy block_files_select on public.block_files for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy block_files_insert on public.block_files for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and (
    associated_block_id is null
    or exists (
        select from public.context_blocks as owned
        where owned.id = associated_block_id and owned.user_id = (select auth.uid())
      )
  )
  );

create policy block_files_update on public.block_files for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and (
    associated_block_id is null
    or exists (
        select from public.context_blocks as owned
        where owned.id = associated_block_id and owned.user_id = (select auth.uid())
      )
  )
  );

create policy block_files_delete on public.block_files for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
