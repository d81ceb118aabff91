"""A warm Python that forks once a job. See parent.py (the process that stays), child.py (a job)."""
