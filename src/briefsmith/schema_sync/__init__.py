"""The live database, the models and every statement, held against each other."""
