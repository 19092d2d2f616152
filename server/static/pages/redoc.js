// Without the search: its worker is made from text, which the page's policy does not allow.
const DARK = {
  colors: {
    primary: { main: "#93b4ff" },
    text: { primary: "#e6e9ee", secondary: "#a3adbb" },
    border: { dark: "#4a5362", light: "#353c48" },
    responses: {
      success: { color: "#6fd39b" },
      error: { color: "#ff9d94" },
      redirect: { color: "#e0b64d" },
      info: { color: "#93b4ff" },
    },
  },
  schema: { nestedBackground: "#1b1f26", typeNameColor: "#a3adbb", typeTitleColor: "#a3adbb" },
  sidebar: { backgroundColor: "#1b1f26", textColor: "#e6e9ee" },
  typography: {
    code: { color: "#ffb4ac", backgroundColor: "#232831" },
    links: { color: "#93b4ff", visited: "#93b4ff", hover: "#c5d6ff" },
  },
  rightPanel: { backgroundColor: "#0e1115", textColor: "#e6e9ee" },
};

Redoc.init(
  "/api/v1/openapi.json",
  {
    disableSearch: true,
    hideDownloadButton: true,
    nativeScrollbars: true,
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? DARK : {},
  },
  document.getElementById("page"),
);
