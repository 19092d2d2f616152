// Swagger UI. Who tries out a login or a refresh is authorized from then on.
const GIVES_TOKENS = ["/api/v1/auth/login", "/api/v1/auth/refresh"];

function authorize(response) {
  if (response.ok && GIVES_TOKENS.includes(new URL(response.url).pathname)) {
    ui.preauthorizeApiKey("accessToken", JSON.parse(response.text).access_token);
  }
  return response;
}

const ui = SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  filter: true,
  responseInterceptor: authorize,
  // The validator of the public badge lives on another host.
  validatorUrl: null,
});

// Its own dark colours, as the browser has them.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
