"""Ports with adapters: embeddings and tokenizers."""
