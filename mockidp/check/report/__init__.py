"""What a run of checks found, as a document that is kept, compared and rendered."""
