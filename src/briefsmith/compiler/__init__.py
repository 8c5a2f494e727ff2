"""Pure: rank, select, transform, render. No I/O, no clock, no randomness."""
