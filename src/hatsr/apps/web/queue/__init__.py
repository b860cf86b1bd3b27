"""Jobs of all users: who is next, what is kept, which files go."""
