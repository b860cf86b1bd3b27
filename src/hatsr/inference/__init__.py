"""How a network runs on pictures: engine, tiles."""
