"""Finds in a code base what the final schema has no longer.

`run` walks over files; a reader for each kind (`python`, `sql`, `javascript`, `markdown`) gathers
references; `findings` says what they mean. Strings of any language meet in `strings`, SQL in `sql`,
and chains of PostgREST's clients in `postgrest`. The parsers are an extra, `briefsmith[audit]`.
"""
