"""What profiles and rules say about resources, read from their text."""

from __future__ import annotations

import re

import yaml

from tests.workflow.project import ROOT

RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
NAMES = set(re.findall(r"^rule (\w+):", RULES, re.MULTILINE))
NAMES |= set(re.findall(r"^use rule \w+ as (\w+) with:", RULES, re.MULTILINE))


def slurm_profile():
    return yaml.safe_load((ROOT / "profiles/slurm/profile.yaml").read_text())


def test_the_slurm_profile_names_rules_that_exist():
    profile = slurm_profile()
    arrays = set(profile["slurm-array-jobs"].split(", "))
    assert arrays <= profile["set-resources"].keys() <= NAMES


def test_memory_and_time_of_every_rule_grow_with_the_attempt():
    needs = re.findall(r"^        (?:mem_mb|runtime)=(?:.|\n {8}[*])+", RULES, re.MULTILINE)
    assert len(needs) >= 2 * RULES.count("resources:") > 40
    assert [need for need in needs if "=grows(" not in need and "* attempt" not in need] == []
    assert "return lambda wildcards, attempt: amount * attempt" in RULES
    for value in ("mem_mb", "runtime"):
        assert "* attempt" in slurm_profile()["default-resources"][value]


def test_a_new_cluster_changes_two_names():
    profile = slurm_profile()
    partitions = {own["slurm_partition"] for own in profile["set-resources"].values()}
    assert partitions == {"gpu", "wildcards.partition"}
    text = (ROOT / "profiles/slurm/profile.yaml").read_text()
    assert len(re.findall(r"slurm_partition: (?:&gpu gpu|cpu)\b", text)) == 2
