"""The variants that a command line asks for."""

from collections.abc import Sequence

from slipway.build.optimise.study import BUDGET_S, Wanted
from slipway.folder import ModelFolder


def wanted_of(
    variants: str,
    folders: Sequence[ModelFolder],
    *,
    objective: str = "",
    budget_s: float = BUDGET_S,
) -> Wanted | None:
    """None where neither is given. Raises `RecipeError` for a name that a folder has not."""
    if not (variants or objective):
        return None
    names = tuple(name.strip() for name in (variants or "all").split(","))
    wanted = Wanted(names, objective, budget_s)
    for folder in folders:
        wanted.check(folder.recipe)
    return wanted
