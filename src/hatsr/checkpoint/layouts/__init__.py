"""Tensor names of other programs: tables of renames, and those of HAT and SwinIR."""
