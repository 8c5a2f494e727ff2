"""A database with the legacy schema, and what is sent to it on its way to the final one."""
