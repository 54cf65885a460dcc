"""Which numbers an artifact computes with, and the photos that its ranges are taken from."""
