"""`fleet init`: a repository of one's own around this project's registry, models and pipeline."""
