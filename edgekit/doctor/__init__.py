"""What is installed, and does each part of it work? Answered by running it, in processes of its own.

Nothing outside of Python's own library is imported here but inside the checks, which run in child
processes: a broken NumPy must become a line of the report, not a traceback.
"""

from edgekit.doctor.examination import Examination, examine

__all__ = ["Examination", "examine"]
