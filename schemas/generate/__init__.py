"""Make the schemas that come from the models: ``make schemas``."""
