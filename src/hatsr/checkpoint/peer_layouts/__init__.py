"""Tensor names of the programs of the networks beside HAT, one file for each."""
