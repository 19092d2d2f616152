"""What browsers get: the pages, their modules and styles, and the session that a cookie keeps."""
