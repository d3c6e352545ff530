"""How days are written in each language: as people say them, never as numbers that can be read two ways."""
