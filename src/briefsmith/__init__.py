"""Briefsmith keeps the context that agents work with, and compiles the right of it into a brief."""

__version__ = "0.1.0"
