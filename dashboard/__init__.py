"""The local web page of `make dashboard`: Streamlit on the marts, read-only."""
