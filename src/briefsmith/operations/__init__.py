"""The verbs of the product: one async function a verb, (session, input) -> value."""
