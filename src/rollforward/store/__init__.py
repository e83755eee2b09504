"""Where it lives: the book's database, its settings, and how records and ledgers are written."""
