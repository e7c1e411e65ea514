"""The section of a sweep."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kdlib.config.base import Name, Strict
from kdlib.config.models import SizeName
from kdlib.config.training import Temperature


class Sweep(Strict):
    """Students to add: every recipe in every size, at every temperature, with every seed."""

    recipes: tuple[Name, ...] = Field(min_length=1, description="entries of students that are varied")
    sizes: tuple[SizeName, ...] | None = Field(
        None, min_length=1, description="names of sizes; the recipe's own if left out"
    )
    temperatures: tuple[Annotated[float, Field(gt=0)] | Temperature, ...] | None = Field(
        None,
        min_length=1,
        description="a number is held, {start, end} decays; the recipe's own if left out, and where its loss "
        "reads none",
    )
    seeds: tuple[int, ...] | None = Field(
        None, min_length=1, description="of training; the recipe's own if left out"
    )
