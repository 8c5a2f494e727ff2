"""Where outputs go that are not for the terminal: files and webhooks."""
