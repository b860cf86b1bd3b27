"""Workers: what each does, who gives them their pictures, and where they run."""
