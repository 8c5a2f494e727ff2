"""What works for a person by the same functions that the person has; operations never know of it."""
