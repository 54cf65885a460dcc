"""The page of a training: one HTML file with its charts, photos, tables and the command."""

from edgekit.report.training_page.repeat import python_call
from edgekit.report.training_page.write import PAGE, page, write_page

__all__ = ["PAGE", "page", "python_call", "write_page"]
