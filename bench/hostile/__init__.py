"""Hostile load: what honest clients notice of an attack that runs beside them."""
