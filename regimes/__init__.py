"""Dynamical regimes of diffusion models: derive, generate code, predict, simulate, compare.

    import regimes as rg
    model = rg.model("gaussian-mixture")
    rg.derive(model, "collapse").verify()
    rg.predict(model, "collapse-time", alpha=[0.1, 0.2], sigma=1.0)

Nothing heavy is imported here: each name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from regimes._version import __version__

if TYPE_CHECKING:
    from regimes import models
    from regimes.numerics.model_files.reader import get_model as model
    from regimes.numerics.predict import generate, predict, quantities
    from regimes.theory.derive import derive
    from regimes.theory.errors import RegimesError
    from regimes.theory.model import DataModel, all_models
    from regimes.validate.analyze import analyze
    from regimes.validate.check import check
    from regimes.validate.check_model import check_model
    from regimes.validate.diagram import diagram
    from regimes.validate.hierarchy import hierarchy

__all__ = [
    "DataModel",
    "RegimesError",
    "__version__",
    "all_models",
    "analyze",
    "check",
    "check_model",
    "derive",
    "diagram",
    "generate",
    "hierarchy",
    "model",
    "models",
    "predict",
    "quantities",
]

_ORIGIN = {
    "DataModel": ("regimes.theory.model", "DataModel"),
    "RegimesError": ("regimes.theory.errors", "RegimesError"),
    "all_models": ("regimes.theory.model", "all_models"),
    "analyze": ("regimes.validate.analyze", "analyze"),
    "check": ("regimes.validate.check", "check"),
    "check_model": ("regimes.validate.check_model", "check_model"),
    "derive": ("regimes.theory.derive", "derive"),
    "diagram": ("regimes.validate.diagram", "diagram"),
    "generate": ("regimes.numerics.predict", "generate"),
    "hierarchy": ("regimes.validate.hierarchy", "hierarchy"),
    "model": ("regimes.numerics.model_files.reader", "get_model"),
    "predict": ("regimes.numerics.predict", "predict"),
    "quantities": ("regimes.numerics.predict", "quantities"),
}


def __getattr__(name: str) -> Any:
    if name == "models":
        value: Any = import_module("regimes.models")
    elif name in _ORIGIN:
        module, attribute = _ORIGIN[name]
        value = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module 'regimes' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
