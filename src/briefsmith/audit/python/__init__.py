"""References in Python, found in its syntax tree."""

import ast
import symtable

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.python.tree import Reading
from briefsmith.audit.source import Source


def read_python(source: Source, gathered: Gathered) -> None:
    """References of a file. One that mentions nothing of ours is only looked at for its syntax."""
    try:
        if not gathered.schema.is_mentioned(source.text):
            symtable.symtable(source.text, source.path, "exec")
            return
        tree = ast.parse(source.text)
    except SyntaxError as error:
        place = source.offset(error.lineno, 0) if error.lineno else None
        gathered.problems.append((place, f"Python: {error.msg}"))
        return
    except (RecursionError, MemoryError):
        gathered.problems.append((None, "Python: nested too deeply"))
        return
    except (ValueError, SystemError) as error:
        gathered.problems.append((None, f"Python: {error}"))
        return
    Reading(source, gathered).read(tree)
