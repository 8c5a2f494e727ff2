"""The port to language models, and its adapter on pydantic-ai.

`port` is what the rest of the house knows. `asking` keeps its promises (deadline, second tries, asking again) and
is cheap to import; `calls`, `opening`, `wire` and `failures` hold the library, and are imported by the first call.
"""
