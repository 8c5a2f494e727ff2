-- Readers of the outbox. Ids are given out before commits happen, so the greatest id that was seen is no cursor:
-- a reader keeps a receipt for each event, until no earlier one can appear any more. Docs: decision 14.

-- name: lock_consumer :one
-- How far the reader is; a second one of the same name waits here, and then sees the receipts of the first.
insert into briefsmith.event_consumers (user_id, consumer)
values (%(user_id)s::uuid, %(consumer)s::text)
on conflict (user_id, consumer) do update set consumer = excluded.consumer
returning all_until;

-- name: take_events :many
-- The earliest that the reader has not seen, with their receipts, in the transaction of their effect. When these
-- are all, the last event of any topic gets a receipt too, so that the ones before it need not be looked at again.
-- The greatest number stands for a receipt of which it is not known yet who could still write before it.
with taken as (
  select event.*
  from public.events as event
  where event.user_id = %(user_id)s::uuid
    and event.id > %(all_until)s::bigint
    and event.topic = any (%(topics)s::text[])
    and not exists (
      select from briefsmith.event_receipts as receipt
      where receipt.user_id = %(user_id)s::uuid
        and receipt.consumer = %(consumer)s::text
        and receipt.event_id = event.id
    )
  order by event.id
  limit %(limit)s::integer
),
passed as (
  select taken.id from taken
  union
  select max(event.id)
  from public.events as event
  where event.user_id = %(user_id)s::uuid
    and event.id > %(all_until)s::bigint
    and (select count(*) from taken) < %(limit)s::integer
  having max(event.id) is not null
),
receipts as (
  insert into briefsmith.event_receipts (user_id, consumer, event_id, seen_in)
  select %(user_id)s::uuid, %(consumer)s::text, passed.id, '18446744073709551615'::xid8
  from passed
  on conflict (user_id, consumer, event_id) do nothing
)
select taken.* from taken order by taken.id;

-- name: select_unseen :one
-- The last that waits for the reader, without taking it.
select max(event.id) as id
from public.events as event
where event.user_id = %(user_id)s::uuid
  and event.id > coalesce(
    (
      select reader.all_until
      from briefsmith.event_consumers as reader
      where reader.user_id = %(user_id)s::uuid and reader.consumer = %(consumer)s::text
    ),
    0
  )
  and event.topic = any (%(topics)s::text[])
  and not exists (
    select from briefsmith.event_receipts as receipt
    where receipt.user_id = %(user_id)s::uuid
      and receipt.consumer = %(consumer)s::text
      and receipt.event_id = event.id
  );

-- name: stamp_receipts :exec
-- Says of the receipts after which transactions nothing earlier can appear. Whoever inserts an event holds this lock
-- on the table from before the id is given out to the end of the transaction; so an earlier event is committed by
-- now, or comes from one of these. One of them without a number yet might get any: then a later look says it.
-- What was said before stays true, and may come true earlier; numbers of the server that a database was restored
-- from are replaced where they are too great, and elsewhere right, because what they waited for is no more.
with locks as materialized (
  select held.* from pg_catalog.pg_locks as held
),
writers as (
  select distinct held.virtualtransaction
  from locks as held
  where held.locktype = 'relation'
    and held.database = (
      select base.oid from pg_catalog.pg_database as base where base.datname = current_database()
    )
    and held.relation = 'public.events'::regclass
    and held.mode = 'RowExclusiveLock'
    and held.pid is distinct from pg_backend_pid()
),
numbers as (
  -- 32 bits of 64: the nearest to the end of the snapshot that ends with them
  select ends.at + (number.transactionid::text::bigint - ends.at %% 4294967296 + 6442450944)
    %% 4294967296 - 2147483648 as number
  from writers as writer
  cross join (
    select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as at
  ) as ends
  left join locks as number
    on number.virtualtransaction = writer.virtualtransaction
    and number.locktype = 'transactionid'
    and number.mode = 'ExclusiveLock'
),
last as (
  select coalesce(max(numbers.number), 0)::text::xid8 as number
  from numbers
  having count(*) = count(numbers.number)
)
update briefsmith.event_receipts as receipt
set seen_in = least(receipt.seen_in, last.number)
from last
where receipt.user_id = %(user_id)s::uuid
  and receipt.consumer = %(consumer)s::text
  and receipt.seen_in >= pg_snapshot_xmin(pg_current_snapshot())
  -- what has ended by now has to be seen by the statement that comes next
  and current_setting('transaction_isolation') = 'read committed';

-- name: advance_consumer :exec
-- To the last receipt before which nothing can appear and nothing waits; the receipts up to it are not needed then.
with seen as materialized (
  select
    receipt.event_id,
    receipt.seen_in < pg_snapshot_xmin(pg_current_snapshot()) as is_settled
  from briefsmith.event_receipts as receipt
  where receipt.user_id = %(user_id)s::uuid and receipt.consumer = %(consumer)s::text
),
open as (
  select least(
    (select min(seen.event_id) from seen where not seen.is_settled),
    (
      select min(event.id)
      from public.events as event
      where event.user_id = %(user_id)s::uuid
        and event.id > %(all_until)s::bigint
        and event.topic = any (%(topics)s::text[])
        and not exists (select from seen where seen.event_id = event.id)
    )
  ) as event_id
),
advanced as (
  update briefsmith.event_consumers as reader
  set all_until = reached.event_id
  from (
    select max(seen.event_id) as event_id
    from seen, open
    where seen.is_settled and (open.event_id is null or seen.event_id < open.event_id)
  ) as reached
  where reader.user_id = %(user_id)s::uuid
    and reader.consumer = %(consumer)s::text
    and reached.event_id > reader.all_until
  returning reader.all_until
)
delete from briefsmith.event_receipts as receipt
using advanced
where receipt.user_id = %(user_id)s::uuid
  and receipt.consumer = %(consumer)s::text
  and receipt.event_id <= advanced.all_until;
