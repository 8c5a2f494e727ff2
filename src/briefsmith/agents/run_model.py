"""Which model a run asks."""

from dataclasses import replace

from briefsmith.config import Settings
from briefsmith.providers.language_models.port import LanguageModel
from briefsmith.providers.selection import make_language_model


def model_for(settings: Settings, name: str | None) -> LanguageModel | None:
    """The environment's model, which may be asked for another of this name; without one, the named model.

    Args:
        settings: What the environment decides.
        name: Of the configuration; None where it names none.

    Raises:
        InvalidSetting: Name, address or key cannot be used.
    """
    if settings.model is None and name is not None:
        # Without BRIEFSMITH_MODEL nothing says whose the key is: no provider gets it, but the person's own server.
        key = settings.model_api_key if settings.model_base_url else None
        settings = replace(settings, model=name, model_api_key=key)
    return make_language_model(settings)
