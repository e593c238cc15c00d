"""How rows are got. Each source yields tables of text records and knows nothing of PostgreSQL."""
