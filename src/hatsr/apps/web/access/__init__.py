"""Who may ask for what: passwords, sizes and times of requests, the owners of files."""
