"""From logs of another shape to events: mappings, the program made of each, and the import."""
