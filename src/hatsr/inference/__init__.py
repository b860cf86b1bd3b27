"""How a network runs on pictures: the choice of weights, tiles, the engine."""
