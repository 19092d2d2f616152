"""One request or event, one transaction; and single statements straight on the driver."""
