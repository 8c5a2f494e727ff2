"""Text out of files: converters that are never run in this process, and what runs them."""
