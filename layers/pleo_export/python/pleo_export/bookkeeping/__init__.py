"""Pure bookkeeping: export item + settings -> balanced documents. No I/O, no boto3, no clock."""
