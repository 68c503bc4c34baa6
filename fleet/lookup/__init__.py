"""Look-ups on the marts, as `fleet session` and the dashboard share them.

`queries` holds the SQL, `stores` runs it on DuckDB or Redshift, `ids` finds what somebody typed,
`story_rows` makes the rows of a table of events, `wording` puts values into words.
"""
