"""Named losses and the components they stand for.

A recipe is resolved when a configuration is read: components and weights are then values of the student, and
training reads these values only.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from kdlib.config.presets import presets

LossName = Literal["ce", "traditional", "enhanced", "ast_enhanced", "multi_component"]

# Components of every loss that fixes them; multi_component takes those that are configured.
COMPONENTS_OF: dict[str, tuple[str, ...]] = {
    "ce": ("ce",),
    "traditional": ("ce", "kl"),
    "enhanced": ("ce", "kl", "pans"),
    "ast_enhanced": ("ce", "kl", "ast"),
}
BALANCED = tuple(loss for loss, names in COMPONENTS_OF.items() if "kl" in names)  # α·kl + (1 − α)·ce
DEFAULT_COMPONENTS = ("focal", "jsd", "semantic")  # of multi_component


def default_schedule(components: Collection[str]) -> str:
    """Return the name of the schedule that weighs components where a student gives no weights.

    Args:
        components: Names of the components of a multi_component loss.
    """
    return "trident" if presets()["schedules"]["trident"].keys() >= set(components) else "legacy"
