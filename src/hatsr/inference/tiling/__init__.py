"""A picture in tiles: how large they may be, where they lie, how they are joined."""
