"""The server: one application that serves the pages, the API, and what runs beside them."""
