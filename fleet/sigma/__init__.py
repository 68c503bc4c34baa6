"""Sigma's data model and workbook as code, rendered from sigma/ and the dbt manifest."""
