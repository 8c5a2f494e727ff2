"""Tools by noun."""
