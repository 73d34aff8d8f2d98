"""Trains small models that turn sentences into the commands of a set. What belongs to a set or a language is not in here."""
