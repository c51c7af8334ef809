"""The classes of all data models by name: ``regimes.models.GaussianMixture()``."""

from __future__ import annotations

from typing import Any

from regimes.theory.model import DataModel, all_models


def _classes() -> dict[str, type[DataModel]]:
    return {type(model).__name__: type(model) for model in all_models().values()}


def __getattr__(name: str) -> Any:
    try:
        return _classes()[name]
    except KeyError:
        raise AttributeError(f"no data model class '{name}'; there are {', '.join(sorted(_classes()))}") from None


def __dir__() -> list[str]:
    return sorted(_classes())
