"""Our own records in DynamoDB and S3: connections, leases, jobs, postings, payloads."""
