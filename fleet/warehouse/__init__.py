"""What dbt needs around itself: its packages, the reader of event files, the linter's templater."""
