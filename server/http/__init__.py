"""HTTP: what a route promises, how input is read, how an answer and a refusal are written."""
