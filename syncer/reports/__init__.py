"""The papers: Form 8949 and Schedule D as CSV, and the journal."""
