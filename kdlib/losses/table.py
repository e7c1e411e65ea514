"""All losses by the names that configurations, records and schedules use."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from kdlib.losses.attention import Attention
from kdlib.losses.base import Loss, Need
from kdlib.losses.contrastive import Contrastive
from kdlib.losses.cross_entropy import CrossEntropy
from kdlib.losses.divergence import Jsd, Kl, ReverseKl, SkewKl
from kdlib.losses.focal import Focal
from kdlib.losses.hidden import HiddenStates
from kdlib.losses.pans import Pans
from kdlib.losses.semantic import Semantic
from kdlib.losses.syntax import Ast, SampledAst


def _form(value: object) -> str:
    """Return the form of the syntax loss that a value describes."""
    form = value.get("form", "mass") if isinstance(value, dict) else getattr(value, "form", "mass")
    return str(form)


AstForm = Annotated[Annotated[Ast, Tag("mass")] | Annotated[SampledAst, Tag("sampled")], Discriminator(_form)]


class Components(BaseModel):
    """Loss components; one that is named is used, ``{}`` takes its defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    ce: CrossEntropy | None = Field(None, description="cross entropy")
    kl: Kl | None = Field(None, description="KL divergence from the teacher")
    reverse_kl: ReverseKl | None = Field(None, description="KL divergence of the teacher from the student")
    skew_kl: SkewKl | None = Field(None, description="KL divergence of a mixture from the teacher")
    jsd: Jsd | None = Field(None, description="Jensen–Shannon divergence from the teacher")
    focal: Focal | None = Field(None, description="focal loss")
    semantic: Semantic | None = Field(None, description="distance from the gold assertion's meaning")
    contrastive: Contrastive | None = Field(None, description="gold assertion among those of the batch")
    pans: Pans | None = Field(None, description="1 − position-aware n-gram similarity")
    ast: AstForm | None = Field(
        None,
        description="what Java does not allow: the mass on impossible continuations (form mass), or the "
        "share of drawn outputs that a parser refuses (form sampled), with a noisier gradient",
    )
    hidden: HiddenStates | None = Field(None, description="distance of the layers' states from the teacher's")
    attention: Attention | None = Field(
        None,
        description="distance of the layers' attention from the teacher's; only eager attention tells it, "
        "which takes more time and memory",
    )

    def losses(self) -> dict[str, Loss]:
        """Return the losses in use by their names."""
        entries = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: loss for name, loss in entries.items() if loss is not None}

    def names(self) -> list[str]:
        """Return the names of the losses in use."""
        return list(self.losses())

    def need(self, need: Need) -> list[str]:
        """Return the names of the losses in use that need something beside logits and gold ids."""
        return [name for name, loss in self.losses().items() if need in loss.needs]
