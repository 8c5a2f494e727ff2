"""The rows: one file per table, field for field, and the enums."""
