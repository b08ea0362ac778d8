"""Who owes what: entries are added, never edited, and every balance is their sum."""
