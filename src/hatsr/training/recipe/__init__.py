"""Recipes: what a training run is, read from YAML, checked, with the paper's values as defaults."""

from hatsr.training.recipe.checking import read_recipe, schema, to_recipe
from hatsr.training.recipe.finetune import finetune_recipe
from hatsr.training.recipe.parsing import RecipeError, shipped_recipes
from hatsr.training.recipe.recipe import Recipe
from hatsr.training.recipe.sections import AdversarialRecipe, OptimRecipe

__all__ = [
    "AdversarialRecipe",
    "OptimRecipe",
    "Recipe",
    "RecipeError",
    "finetune_recipe",
    "read_recipe",
    "schema",
    "shipped_recipes",
    "to_recipe",
]
