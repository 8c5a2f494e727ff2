"""Parse, one operation, render."""
