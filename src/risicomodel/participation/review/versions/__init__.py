"""What each version of a round's database changed: a module each, never edited once released."""
