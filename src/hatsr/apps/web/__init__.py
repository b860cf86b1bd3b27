"""The page and the service, `hatsr web`: a server of pages and an API, and one process that works.

Needs the extra ``hat-sr[web]``. The server computes nothing: `work` does, in a process of its own
that can be stopped, watched and replaced.
"""
