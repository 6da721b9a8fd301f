"""The store: a small transactional port, its engines, and every key and row of the product."""
