"""Vector's configuration: the log pipeline from programs to S3 and Datadog."""
