"""Which embedder the settings ask for."""

from briefsmith.config import Settings
from briefsmith.providers.embeddings import Embedder


def make_embedder(settings: Settings) -> Embedder:
    """The server's embedder where an address is set, else the built-in one; opens nothing yet.

    Raises:
        InvalidSetting: The address or the key cannot be used.
    """
    if settings.embedding_url is None:
        from briefsmith.providers.wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder()

    from briefsmith.providers.openai_compatible import OpenAICompatibleEmbedder

    return OpenAICompatibleEmbedder(
        settings.embedding_url, settings.embedding_model, settings.embedding_key
    )
