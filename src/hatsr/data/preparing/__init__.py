"""Before a run: large pictures cut into shards, and what is wrong with pictures found."""

from hatsr.data.preparing.check import Findings, Problem, check
from hatsr.data.preparing.prepare import Cut, Prepared, prepare

__all__ = ["Cut", "Findings", "Prepared", "Problem", "check", "prepare"]
