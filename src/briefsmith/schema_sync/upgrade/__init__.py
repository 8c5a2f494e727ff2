"""From the legacy schema to the final one, every value accounted for."""
