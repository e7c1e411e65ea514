"""What a student cannot learn from its teacher's answers or layers, each key right by itself."""

from __future__ import annotations

from collections.abc import Iterator

from kdlib.config.checks.models import is_causal
from kdlib.config.sections import Config, Student, Teacher
from kdlib.config.sequence import SequenceLevel


def impossible_sequence(
    where: str, student: Student, sequence: SequenceLevel, config: Config
) -> Iterator[str]:
    """Yield what cannot work of a sequence-level distillation."""
    if sequence.keep > sequence.beams:
        yield f"{where}.sequence.keep: {sequence.keep} answers need as many beams, got {sequence.beams}"
    if sequence.gold_weight == 1:
        yield f"{where}.sequence.gold_weight: at 1 the teacher's answers weigh nothing; lower it"
    if student.needs_store() and config.signals.beams < sequence.beams:
        yield (
            f"{where}.sequence.beams: {', '.join(student.components.need('signal'))} need the signals of as "
            f"many answers, got signals.beams {config.signals.beams}; set it to {sequence.beams}, or "
            f"{where}.signals to online"
        )


def impossible_pairing(where: str, student: Student, teacher: Teacher, config: Config) -> Iterator[str]:
    """Yield what cannot work of losses on layers; hubs and folders tell theirs only when they are read."""
    compared = ", ".join(student.components.need("layers"))
    if student.signals != "online":
        yield f"{where}.components: {compared} read the teacher itself; set signals: online"
    own = student.size
    if own is None or teacher.model is not None:
        return
    causal = is_causal(teacher, config)
    if student.components.attention is not None and causal != (own.encoder_layers == 0):
        yield (
            f"{where}.components.attention: an encoder-decoder and a causal model attend to other positions; "
            "leave attention out"
        )
    for stack in ("encoder_layers", "decoder_layers"):
        asked, held = getattr(own, stack), getattr(teacher.size, stack)
        if asked > held and held:
            yield (
                f"{where}.size.{stack}: for {compared} each layer follows one of the teacher's, which has "
                f"{held}, got {asked}"
            )
