"""The face for programs: HTTP. A route parses, calls one operation in one transaction, and renders."""
