-- name: read_catalog :many
-- Every object of the schemas as kind, name, the object that it belongs to, and facts; what belongs to an
-- extension is left out, and so is a fact that has its usual value. Names are written as SQL writes them, with
-- their schema: run it with an empty search path. What only later servers know is read from whole rows as JSON.
with spaces as materialized (
  select space.oid, space.nspname, quote_ident(space.nspname) as name, space.nspowner, space.nspacl
  from pg_namespace as space
  where space.nspname = any (%(schemas)s::text[])
),
of_extensions as materialized (
  -- A range brings functions of its own, as an extension does.
  select link.classid, link.objid, extension.extname
  from pg_depend as link
  left join pg_extension as extension
    on link.refclassid = 'pg_extension'::regclass and extension.oid = link.refobjid
  where (link.deptype = 'e' or (link.deptype = 'i' and link.classid = 'pg_proc'::regclass))
    and link.classid = any (array['pg_class', 'pg_type', 'pg_proc']::regclass[])
),
relations as materialized (
  select
    class.oid, class.relname, class.relkind, class.relowner, class.relacl, class.reloptions,
    class.relpersistence, class.relrowsecurity, class.relforcerowsecurity, class.relreplident,
    class.relam, class.relispartition, class.relpartbound, spaces.name as space,
    format('%%s.%%I', spaces.name, class.relname) as name,
    case class.relkind
      when 'v' then 'view' when 'm' then 'materialized_view' when 'f' then 'foreign_table'
      when 'S' then 'sequence' when 'c' then 'composite_type' else 'table'
    end as kind
  from pg_class as class
  join spaces on spaces.oid = class.relnamespace
  where class.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    and not exists (
      select from of_extensions as member
      where member.classid = 'pg_class'::regclass and member.objid = class.oid
    )
),
types as materialized (
  select
    type.oid, type.typtype, type.typowner, type.typacl, type.typbasetype, type.typtypmod,
    type.typnotnull, type.typdefault, type.typcollation,
    format('%%s.%%I', spaces.name, type.typname) as name
  from pg_type as type
  join spaces on spaces.oid = type.typnamespace
  where type.typtype in ('e', 'd', 'r')
    and not exists (
      select from of_extensions as member
      where member.classid = 'pg_type'::regclass and member.objid = type.oid
    )
),
functions as materialized (
  select
    routine.*,
    format('%%s.%%I(%%s)', spaces.name, routine.proname, oidvectortypes(routine.proargtypes)) as name
  from pg_proc as routine
  join spaces on spaces.oid = routine.pronamespace
  -- Said twice, or thousands of PostgreSQL's own are looked up among those of extensions first.
  where routine.pronamespace = any (array(select spaces.oid from spaces))
    and not exists (
      select from of_extensions as member
      where member.classid = 'pg_proc'::regclass and member.objid = routine.oid
    )
),
-- Rights of everybody but the owner: kind and name of the object, its rights, its owner.
rights as (
  select 'schema' as kind, spaces.name, spaces.nspacl as acl, 'n'::"char" as sort, spaces.nspowner as owner
  from spaces
  where spaces.nspname <> 'public'
  union all
  select
    relations.kind, relations.name, relations.relacl,
    case when relations.kind = 'sequence' then 's'::"char" else 'r'::"char" end,
    relations.relowner
  from relations
  where relations.kind <> 'composite_type'
  union all
  select
    case types.typtype when 'e' then 'enum' when 'd' then 'domain' else 'range' end,
    types.name, types.typacl, 'T'::"char", types.typowner
  from types
  union all
  select relations.kind, relations.name, type.typacl, 'T'::"char", relations.relowner
  from relations
  join pg_type as type on type.typrelid = relations.oid
  where relations.kind = 'composite_type'
  union all
  select 'function', functions.name, functions.proacl, 'f'::"char", functions.proowner from functions
  union all
  select
    'column', format('%%s.%%I', relations.name, attribute.attname), attribute.attacl, 'c'::"char",
    relations.relowner
  from relations
  join pg_attribute as attribute on attribute.attrelid = relations.oid
  where attribute.attacl is not null and attribute.attnum > 0 and not attribute.attisdropped
),
objects as (
  select 'schema' as kind, spaces.name, null as parent_kind, null as parent,
    jsonb_build_object(
      'owner', case when spaces.nspname <> 'public' then spaces.nspowner::regrole::text end
    ) as facts
  from spaces

  union all
  select 'extension', quote_ident(extension.extname), null, null,
    jsonb_build_object('schema', extension.extnamespace::regnamespace::text)
  from pg_extension as extension
  where extension.extname <> 'plpgsql'

  union all
  select 'collation', format('%%s.%%I', spaces.name, sorting.collname), null, null,
    jsonb_build_object(
      'owner', sorting.collowner::regrole::text,
      'provider', case sorting.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
      'locale', coalesce(
        to_jsonb(sorting) ->> 'colllocale', to_jsonb(sorting) ->> 'colliculocale', sorting.collcollate
      ),
      'ctype', nullif(sorting.collctype, sorting.collcollate),
      'deterministic', nullif(sorting.collisdeterministic, true),
      'rules', to_jsonb(sorting) ->> 'collicurules'
    )
  from pg_collation as sorting
  join spaces on spaces.oid = sorting.collnamespace

  union all
  select
    case types.typtype when 'e' then 'enum' when 'd' then 'domain' else 'range' end,
    types.name, null, null,
    case types.typtype
      when 'e' then jsonb_build_object(
        'owner', types.typowner::regrole::text,
        'labels', (
          select jsonb_agg(label.enumlabel order by label.enumsortorder)
          from pg_enum as label
          where label.enumtypid = types.oid
        )
      )
      when 'd' then jsonb_build_object(
        'owner', types.typowner::regrole::text,
        'type', format_type(types.typbasetype, types.typtypmod),
        'not_null', nullif(types.typnotnull, false),
        'default', types.typdefault,
        'collation', case when types.typcollation <> (
          select base.typcollation from pg_type as base where base.oid = types.typbasetype
        ) then types.typcollation::regcollation::text end,
        'checks', (
          select jsonb_agg(
            format('CONSTRAINT %%I %%s', rule.conname, pg_get_constraintdef(rule.oid))
            order by rule.conname
          )
          from pg_constraint as rule
          where rule.contypid = types.oid and rule.contype = 'c'
        )
      )
      else (
        select jsonb_build_object(
          'owner', types.typowner::regrole::text,
          'subtype', format_type(span.rngsubtype, null),
          'subtype_opclass', case when not class.opcdefault
            then format('%%s.%%I', quote_ident(space.nspname), class.opcname) end,
          'collation', case when span.rngcollation <> subtype.typcollation
            then span.rngcollation::regcollation::text end,
          'canonical', nullif(span.rngcanonical::text, '-'),
          'subtype_diff', nullif(span.rngsubdiff::text, '-'),
          'multirange_type_name', span.rngmultitypid::regtype::text
        )
        from pg_range as span
        join pg_type as subtype on subtype.oid = span.rngsubtype
        join pg_opclass as class on class.oid = span.rngsubopc
        join pg_namespace as space on space.oid = class.opcnamespace
        where span.rngtypid = types.oid
      )
    end
  from types

  -- A sequence that a column owns is a part of it.
  union all
  select 'sequence', relations.name, case when owning.name is not null then 'column' end, owning.name,
    jsonb_build_object(
      'owner', relations.relowner::regrole::text,
      'type', format_type(counter.seqtypid, null),
      'start', counter.seqstart,
      'increment', counter.seqincrement,
      'minimum', counter.seqmin,
      'maximum', counter.seqmax::text,
      'cache', nullif(counter.seqcache, 1),
      'cycle', nullif(counter.seqcycle, false),
      'identity', nullif(owning.deptype = 'i', false),
      'owned_by', owning.name
    )
  from relations
  join pg_sequence as counter on counter.seqrelid = relations.oid
  left join lateral (
    select format('%%s.%%I', holder.name, attribute.attname) as name, link.deptype
    from pg_depend as link
    join relations as holder on holder.oid = link.refobjid
    join pg_attribute as attribute
      on attribute.attrelid = link.refobjid and attribute.attnum = link.refobjsubid
    where link.classid = 'pg_class'::regclass and link.objid = counter.seqrelid
      and link.refclassid = 'pg_class'::regclass and link.refobjsubid > 0
      and link.deptype in ('a', 'i')
  ) as owning on true

  union all
  select relations.kind, relations.name, null, null,
    case
      when relations.kind in ('view', 'materialized_view') then jsonb_build_object(
        'owner', relations.relowner::regrole::text,
        'definition', pg_get_viewdef(relations.oid),
        'options', to_jsonb(relations.reloptions)
      )
      else jsonb_build_object(
        'owner', relations.relowner::regrole::text,
        'options', to_jsonb(relations.reloptions),
        'row_security', case when relations.kind = 'table' then relations.relrowsecurity end,
        'forced', case when relations.kind = 'table' then relations.relforcerowsecurity end,
        'persistence', case relations.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
        'replica_identity',
          case relations.relreplident
            when 'f' then 'full'
            when 'n' then 'nothing'
            when 'i' then coalesce(
              (
                select format('using index %%I', class.relname)
                from pg_index as index
                join pg_class as class on class.oid = index.indexrelid
                where index.indrelid = relations.oid and index.indisreplident
              ),
              'nothing'
            )
          end,
        'server', case when relations.kind = 'foreign_table' then (
          select quote_ident(server.srvname)
          from pg_foreign_table as away
          join pg_foreign_server as server on server.oid = away.ftserver
          where away.ftrelid = relations.oid
        ) end,
        'server_options', case when relations.kind = 'foreign_table' then (
          select to_jsonb(away.ftoptions) from pg_foreign_table as away where away.ftrelid = relations.oid
        ) end,
        'access_method', (
          select method.amname from pg_am as method
          where method.oid = relations.relam and method.amname <> 'heap'
        ),
        'partition_key', case when relations.relkind = 'p' then pg_get_partkeydef(relations.oid) end,
        'partition_bound', pg_get_expr(relations.relpartbound, relations.oid),
        'inherits', (
          select jsonb_agg(parent.inhparent::regclass::text order by parent.inhseqno)
          from pg_inherits as parent
          where parent.inhrelid = relations.oid
        )
      )
    end
  from relations
  where relations.kind <> 'sequence'

  union all
  (
    select 'column', format('%%s.%%I', relations.name, attribute.attname), relations.kind, relations.name,
      jsonb_build_object(
        -- A type of an extension goes without its schema, which is not the same everywhere.
        'type', case when foreign_type.objid is null
          then format_type(attribute.atttypid, attribute.atttypmod)
          else substring(format_type(attribute.atttypid, attribute.atttypmod) from '[^.]*$')
        end,
        'extension', foreign_type.extname,
        'nullable', case when relations.kind in ('table', 'foreign_table') then not attribute.attnotnull end,
        'not_null_unproven', case when unproven.oid is not null then true end,
        'default', case when attribute.attgenerated = '' then pg_get_expr(fallback.adbin, fallback.adrelid) end,
        'generated', case when attribute.attgenerated <> '' then
          pg_get_expr(fallback.adbin, fallback.adrelid)
          || case when attribute.attgenerated = 's' then ' stored' else ' virtual' end
        end,
        'identity', case attribute.attidentity when 'a' then 'always' when 'd' then 'by default' end,
        'collation', case when attribute.attcollation <> type.typcollation
          then attribute.attcollation::regcollation::text end,
        'storage', case when attribute.attstorage <> type.typstorage
          then case attribute.attstorage
            when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended'
          end
        end,
        'compression', case attribute.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end
      )
    from relations
    join pg_attribute as attribute on attribute.attrelid = relations.oid
    join pg_type as type on type.oid = attribute.atttypid
    left join of_extensions as foreign_type
      on foreign_type.classid = 'pg_type'::regclass
      and foreign_type.objid = coalesce(nullif(type.typelem, 0), type.oid)
    left join pg_attrdef as fallback
      on fallback.adrelid = attribute.attrelid and fallback.adnum = attribute.attnum
    -- From PostgreSQL 18 on, a column may be not null without anybody having looked.
    left join pg_constraint as unproven
      on unproven.contype = 'n' and not unproven.convalidated
      and unproven.conrelid = attribute.attrelid and unproven.conkey[1] = attribute.attnum
    where attribute.attnum > 0 and not attribute.attisdropped and relations.kind <> 'sequence'
    order by relations.name, attribute.attnum
  )

  union all
  -- That a column is not null is a fact of the column, though PostgreSQL 18 keeps a constraint for it.
  select 'constraint', format('%%I on %%s', rule.conname, relations.name), relations.kind, relations.name,
    jsonb_build_object(
      'definition', pg_get_constraintdef(rule.oid),
      'invalid_index', (
        select true from pg_index as index
        where index.indexrelid = rule.conindid and rule.contype in ('p', 'u', 'x')
          and not (index.indisvalid and index.indisready)
      ),
      'index_options', case when rule.contype in ('p', 'u') then (
        select nullif(array_to_string(class.reloptions, ', '), '')
        from pg_class as class where class.oid = rule.conindid
      ) end
    )
  from relations
  join pg_constraint as rule on rule.conrelid = relations.oid
  -- A foreign key to a partitioned table has more of them on the same table, one for each partition.
  where rule.contype in ('p', 'f', 'u', 'c', 'x') and relations.kind <> 'composite_type'
    and not exists (
      select from pg_constraint as whole
      where whole.oid = rule.conparentid and whole.conrelid = rule.conrelid
    )

  union all
  select 'index', format('%%I on %%s', class.relname, relations.name), relations.kind, relations.name,
    jsonb_build_object(
      'definition', pg_get_indexdef(index.indexrelid),
      'partition_of', (
        select link.inhparent::regclass::text from pg_inherits as link
        where link.inhrelid = index.indexrelid
      ),
      'invalid', nullif(not (index.indisvalid and index.indisready), false)
    )
  from relations
  join pg_index as index on index.indrelid = relations.oid
  join pg_class as class on class.oid = index.indexrelid
  where not exists (
    select from pg_constraint as rule
    where rule.conindid = index.indexrelid and rule.contype in ('p', 'u', 'x')
  )

  union all
  select 'trigger', format('%%I on %%s', reflex.tgname, relations.name), relations.kind, relations.name,
    jsonb_build_object(
      'definition', pg_get_triggerdef(reflex.oid),
      'inherited', nullif(reflex.tgparentid <> 0, false),
      'enabled', case reflex.tgenabled
        when 'D' then 'no' when 'R' then 'on replicas' when 'A' then 'always'
      end
    )
  from relations
  join pg_trigger as reflex on reflex.tgrelid = relations.oid
  where not reflex.tgisinternal

  union all
  select 'rule', format('%%I on %%s', rewrite.rulename, relations.name), relations.kind, relations.name,
    jsonb_build_object(
      'definition', pg_get_ruledef(rewrite.oid),
      'enabled', case rewrite.ev_enabled
        when 'D' then 'no' when 'R' then 'on replicas' when 'A' then 'always'
      end
    )
  from relations
  join pg_rewrite as rewrite on rewrite.ev_class = relations.oid
  where rewrite.rulename <> '_RETURN'

  union all
  select 'policy', format('%%I on %%s', policy.polname, relations.name), relations.kind, relations.name,
    jsonb_build_object(
      'command', case policy.polcmd
        when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all'
      end,
      'restrictive', nullif(not policy.polpermissive, false),
      'roles', (
        select jsonb_agg(
          case when role.oid = 0 then 'public' else role.oid::regrole::text end
          order by case when role.oid = 0 then 'public' else role.oid::regrole::text end collate "C"
        )
        from unnest(policy.polroles) as role (oid)
      ),
      'using', pg_get_expr(policy.polqual, policy.polrelid),
      'check', pg_get_expr(policy.polwithcheck, policy.polrelid)
    )
  from relations
  join pg_policy as policy on policy.polrelid = relations.oid

  union all
  select 'statistics', format('%%s.%%I', spaces.name, gathered.stxname), relations.kind, relations.name,
    jsonb_build_object('definition', pg_get_statisticsobjdef(gathered.oid))
  from pg_statistic_ext as gathered
  join spaces on spaces.oid = gathered.stxnamespace
  join relations on relations.oid = gathered.stxrelid

  union all
  select 'function', functions.name, null, null,
    jsonb_build_object(
      'owner', functions.proowner::regrole::text,
      'sort', case functions.prokind
        when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window'
      end,
      'arguments', pg_get_function_arguments(functions.oid),
      'result', pg_get_function_result(functions.oid),
      'language', language.lanname,
      'volatility', case functions.provolatile when 'i' then 'immutable' when 's' then 'stable' end,
      'strict', nullif(functions.proisstrict, false),
      'security_definer', nullif(functions.prosecdef, false),
      'leakproof', nullif(functions.proleakproof, false),
      'parallel', case functions.proparallel when 's' then 'safe' when 'r' then 'restricted' end,
      'cost', nullif(functions.procost, case when language.lanname in ('c', 'internal') then 1 else 100 end),
      'rows', nullif(functions.prorows, case when functions.proretset then 1000 else 0 end),
      'settings', to_jsonb(functions.proconfig),
      'body', case when functions.prosqlbody is null then functions.prosrc end,
      'sql_body', pg_get_function_sqlbody(functions.oid),
      'library', functions.probin,
      'aggregate', (
        select to_jsonb(array_remove(array[
          'sfunc = ' || aggregate.aggtransfn::text,
          'stype = ' || format_type(aggregate.aggtranstype, null),
          'sspace = ' || nullif(aggregate.aggtransspace, 0),
          'finalfunc = ' || nullif(aggregate.aggfinalfn::text, '-'),
          case when aggregate.aggfinalextra then 'finalfunc_extra' end,
          'finalfunc_modify = ' || case aggregate.aggfinalmodify
            when 's' then 'shareable' when 'w' then 'read_write' else 'read_only' end,
          'combinefunc = ' || nullif(aggregate.aggcombinefn::text, '-'),
          'serialfunc = ' || nullif(aggregate.aggserialfn::text, '-'),
          'deserialfunc = ' || nullif(aggregate.aggdeserialfn::text, '-'),
          'initcond = ' || quote_literal(aggregate.agginitval),
          'msfunc = ' || nullif(aggregate.aggmtransfn::text, '-'),
          'minvfunc = ' || nullif(aggregate.aggminvtransfn::text, '-'),
          'mstype = ' || format_type(nullif(aggregate.aggmtranstype, 0), null),
          'msspace = ' || nullif(aggregate.aggmtransspace, 0),
          'mfinalfunc = ' || nullif(aggregate.aggmfinalfn::text, '-'),
          case when aggregate.aggmfinalextra then 'mfinalfunc_extra' end,
          case when aggregate.aggmtransfn <> 0 then 'mfinalfunc_modify = ' || case aggregate.aggmfinalmodify
            when 's' then 'shareable' when 'w' then 'read_write' else 'read_only' end end,
          'minitcond = ' || quote_literal(aggregate.aggminitval),
          'sortop = operator(' || nullif(aggregate.aggsortop, 0)::regoper::text || ')',
          case when aggregate.aggkind = 'h' then 'hypothetical' end
        ], null))
        from pg_aggregate as aggregate
        where aggregate.aggfnoid = functions.oid
      )
    )
  from functions
  join pg_language as language on language.oid = functions.prolang

  union all
  select
    'grant',
    format('%%s %%s to %%s', rights.kind, rights.name, coalesce(role.name, 'public')),
    rights.kind,
    rights.name,
    jsonb_build_object(
      'grantee', coalesce(role.name, 'public'),
      'privileges', jsonb_agg(
        granted.privilege_type || case when granted.is_grantable then ' with grant option' else '' end
        order by granted.privilege_type
      )
    )
  from rights
  cross join lateral aclexplode(coalesce(rights.acl, acldefault(rights.sort, rights.owner))) as granted
  left join lateral (
    select granted.grantee::regrole::text as name where granted.grantee <> 0
  ) as role on true
  where granted.grantee <> rights.owner
  group by rights.kind, rights.name, role.name
)
-- Of ten facts that an object might have, seven have their usual value.
select objects.kind, objects.name, objects.parent_kind, objects.parent, jsonb_strip_nulls(objects.facts) as facts
from objects;

-- name: prepare_to_read :one
-- For this transaction: every name is printed with its schema, and no time goes into compiling the statement,
-- nor into ways of joining that small tables have no use for.
select
  set_config('search_path', '', true) as search_path,
  set_config('jit', 'off', true) as jit,
  set_config('enable_mergejoin', 'off', true) as enable_mergejoin;

-- name: applied_migrations :many
-- Which migrations of this package a database has had.
select version from supabase_migrations.schema_migrations
where name like 'briefsmith\_%%' order by version;
