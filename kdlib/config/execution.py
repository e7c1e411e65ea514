"""How predictions are run in their tests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from kdlib.config.base import Strict

Package = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]


class Execution(Strict):
    """Predictions put back into their tests, compiled and run."""

    timeout_s: float = Field(10.0, gt=0, description="seconds that a test may take")
    mutant_cpu_s: float = Field(
        1.0,
        gt=0,
        description="seconds of processor time that a test may take on a mutant beyond 1.25 times its own; "
        "with more it has killed it",
    )
    memory_mb: int = Field(256, ge=64, description="Java heap of a test")
    workers: int = Field(2, ge=1, description="tests that run side by side")
    mutants: int = Field(
        20,
        ge=0,
        description="most mutants of a focal method, a choice by seed if it has more; half of them are kept "
        "for what is reported, the others are to rank candidates by; 0 for none",
    )
    seed: int = Field(42, description="seed of the choice of mutants, their halves and the faults of rows")
    unsafe: bool = Field(
        False, description="run tests without a sandbox where none works, if the machine itself may be lost"
    )
    packages: tuple[Package, ...] = Field(
        (
            "junit4",
            "junit5",
            "libhamcrest-java",
            "libmockito-java",
            "libassertj-core-java",
            "libeasymock-java",
            "libjsr305-java",
        ),
        min_length=1,
        description="Debian packages whose jars fetched sources are compiled with, beside those that a "
        "source package names and all dependencies",
    )
