"""Where the evidence goes: a folder, or an S3 bucket."""
