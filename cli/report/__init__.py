"""The report of a job or a month: one page that a bookkeeper reads, prints and keeps."""
