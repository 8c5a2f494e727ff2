-- What the search needs and no API should show: not in public, so PostgREST does not serve it.
create schema briefsmith;
grant usage on schema briefsmith to authenticated, service_role;
