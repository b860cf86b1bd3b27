"""Recipes, schedule, EMA and the loop."""
