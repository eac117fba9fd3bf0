"""An expense's files: fetched from Pleo, and converted to what the accounting system accepts (R-5d).

    receipts = Fetcher(hosts).fetch(item.files, folder)     # files on disk, formats determined by their content
    prepared = prepare(receipts, limits, folder)            # attachments that the accounting system takes

Both are called before the entry is created, so that most errors leave nothing behind (R-5d.11). Errors:
`receipts.errors`. Memory, measured: an unchanged file is read 64 kB at a time. Converting a picture of 30 MB costs
about 150 MB for a phone's photo or a scan, and up to 600 MB in the worst case (50 megapixels with a palette and
transparency), whatever the number of pictures; merging costs twice the size of the result. So a function that prepares
receipts needs 1024 MB. Disk: at most twice EXPENSE_BYTES. Pillow and pypdf are imported when a file first needs them.
"""
