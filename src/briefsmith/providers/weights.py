"""The token vectors of the built-in model, mapped from their file and not copied."""

from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter

from briefsmith.providers.bundled import broken_file, bundled_file
from briefsmith.providers.embeddings import EMBEDDING_WIDTH

_FILE = "weights/l2_supercat_256.safetensors"
_TENSOR = "embedding.weight"
_SIZE_BYTES = 8
_MOST_HEADER_BYTES = 100_000


class _Tensor(BaseModel):
    dtype: Literal["F16"]
    shape: tuple[int, Literal[256]]
    data_offsets: tuple[int, int] = Field(description="From the end of the header.")


_HEADER = TypeAdapter(dict[Literal["embedding.weight"], _Tensor])


@cache
def load_weights(folder: Path | None = None) -> NDArray[np.float16]:
    """One row of 256 numbers for each token, read-only; pages are read when they are used.

    Args:
        folder: Folder of the package wordllama; None looks up the installed one.

    Raises:
        EmbedderUnavailable: The file is missing or is not what it should be.

    Source: the safetensors format: size of the header, header in JSON, tensors. Its own reader
    copies the whole tensor, which takes 30 ms.
    """
    path = bundled_file(_FILE, folder)
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(_SIZE_BYTES), "little")
            header = _HEADER.validate_json(file.read(min(size, _MOST_HEADER_BYTES)))
        tensor = header[_TENSOR]
        mapped = np.memmap(
            path,
            dtype="<f2",
            mode="r",
            offset=_SIZE_BYTES + size + tensor.data_offsets[0],
            shape=(tensor.shape[0], EMBEDDING_WIDTH),
        )
    except (OSError, ValueError, KeyError) as error:
        raise broken_file(_FILE, "cannot be read") from error
    return np.asarray(mapped)
