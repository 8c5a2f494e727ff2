"""The database server and the way to it: embedded server, pool, session, errors, migrations."""
