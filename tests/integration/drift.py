"""Each single change that could be made to each object of a schema, made from the catalog itself."""

from collections.abc import Iterator

from tests.integration.drift_base import Change
from tests.integration.drift_constraints import OfConstraints
from tests.integration.drift_functions import OfFunctions
from tests.integration.drift_parts import OfParts
from tests.integration.drift_tables import OfTables
from tests.integration.drift_views import OfViews


class Drifts(OfTables, OfConstraints, OfParts, OfViews, OfFunctions):
    """Makes the changes."""

    def of(self, kind: str) -> Iterator[Change]:
        """All changes to objects of a kind."""
        make = {
            "table": self.tables,
            "column": self.columns,
            "constraint": self.constraints,
            "index": self.indexes,
            "policy": self.policies,
            "trigger": self.triggers,
            "view": self.views,
            "enum": self.enums,
            "function": self.functions,
            "sequence": self.sequences,
            "schema": self.schemas,
            "grant": self.grants,
            "column grant": self.column_grants,
        }
        return make[kind]()


__all__ = ["Change", "Drifts"]
