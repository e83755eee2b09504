"""How the book is read: surfaces that parse a request, call the book, and show its answer."""
