"""The database of a job: what is to be done and what was done, on disk, for one job at a time."""
