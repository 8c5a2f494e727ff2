"""Briefsmith keeps the context that agents work with, and compiles the right of it into a brief."""

from importlib.metadata import version

__version__ = version("briefsmith")
