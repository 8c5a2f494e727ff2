"""One function per named query: parameters in, row model out."""
