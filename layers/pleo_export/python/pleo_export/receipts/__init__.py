"""An expense's files: fetched from Pleo, made fit for the accounting system (R-5d).

    receipts = Fetcher(hosts).fetch(item.files, folder)     # files on disk, formats known by their content
    prepared = prepare(receipts, limits, folder)            # attachments that the accounting system takes

Both before the entry is created, so that most faults leave nothing behind (R-5d.11). Errors: `receipts.errors`.
Memory, measured: what stays as it is, 64 kB at a time. To convert a picture of 30 MB costs about 150 MB for a phone's
photo or a scan, and up to 600 MB in the worst case (50 megapixels with a palette and transparency), whatever the number
of pictures; to merge, twice the size of the result. So a function that prepares receipts wants 1024 MB. Disk: at most
twice EXPENSE_BYTES. Pillow and pypdf are imported by the first file that needs them.
"""
