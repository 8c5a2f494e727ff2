"""What crosses an edge and is not a row: requests, results, the snapshot of a brief."""
