"""Pure: documents (Markdown, plain text, JSON Lines) to pieces and back."""
