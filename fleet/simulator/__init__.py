"""A discrete-event simulation of a delivery fleet that logs through the real event logger."""
