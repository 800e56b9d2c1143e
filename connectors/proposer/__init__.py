"""Language models that propose what a colleague meant."""
