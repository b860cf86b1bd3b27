"""Tensor names of other programs, one file for each family of networks."""
