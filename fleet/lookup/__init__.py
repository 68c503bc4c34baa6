"""Look-ups on the marts, as `fleet session` and the dashboard share them.

`queries` holds the SQL, `stores` runs it on DuckDB or Redshift, `wording` puts rows into words.
"""
