// Without the search: its worker is made from text, which the page's policy does not allow.
Redoc.init(
  "/api/v1/openapi.json",
  { disableSearch: true, hideDownloadButton: true, nativeScrollbars: true },
  document.getElementById("page"),
);
