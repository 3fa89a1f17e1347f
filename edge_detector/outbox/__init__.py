"""What has to survive a crash, in one SQLite file: files to deliver, open visits, unsent events, settings."""
