"""Which embedder, language model and storage of files the settings ask for."""

from briefsmith.config import Settings
from briefsmith.errors import InvalidSetting
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.language_models.port import LanguageModel
from briefsmith.providers.storage.port import FileStorage


def make_embedder(settings: Settings) -> Embedder:
    """The embedder that the address names where one is set, else the built-in one; opens nothing yet.

    Raises:
        InvalidSetting: The address or the key cannot be used.
    """
    if settings.embedding_url is None:
        from briefsmith.providers.wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder()

    from briefsmith.providers.own_embedders import own_embedder

    own = own_embedder(settings.embedding_url)
    if own is not None:
        return own

    from briefsmith.providers.openai_compatible import OpenAICompatibleEmbedder

    return OpenAICompatibleEmbedder(
        settings.embedding_url, settings.embedding_model, settings.embedding_key
    )


def make_language_model(settings: Settings) -> LanguageModel | None:
    """The model that the settings name; None where they name none. Opens and imports nothing heavy yet.

    Raises:
        InvalidSetting: Name, address or key cannot be used, or there is an address without a name.
    """
    if settings.model is None:
        if settings.model_base_url is not None:
            message = "BRIEFSMITH_MODEL_BASE_URL is set, but BRIEFSMITH_MODEL is not."
            hint = "Set BRIEFSMITH_MODEL to the name of a model of that server."
            raise InvalidSetting(message, hint=hint, details={"name": "BRIEFSMITH_MODEL"})
        return None

    from briefsmith.providers.language_models.asking import AskedModel

    return AskedModel(
        settings.model,
        base_url=settings.model_base_url,
        key=settings.model_api_key,
        timeout_seconds=settings.model_timeout_seconds,
    )


def make_file_storage(settings: Settings) -> FileStorage:
    """The folder `files` of the home, or what BRIEFSMITH_STORAGE_URL names; touches and imports nothing heavy yet.

    Raises:
        InvalidSetting: The address, the endpoint or the key cannot be used.
    """
    from briefsmith.providers.storage.addresses import file_storage

    return file_storage(settings.storage, settings.home / "files")
