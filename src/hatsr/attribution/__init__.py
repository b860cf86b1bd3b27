"""Which pixels a network used: LAM and its pictures."""
