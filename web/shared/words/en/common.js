export default {
  "desk.name": "Ticket Desk",
  "signin.title": "Sign in",
  "signin.again": "Sign in to go on",
  "signin.email": "Email",
  "signin.password": "Password",
  "signin.submit": "Sign in",
  "signout": "Sign out",
  "noscript": "This page needs JavaScript.",
  "loading": "Loading …",
  "close": "Close",
  "connection": "Connection",
  "connection.live": "Live",
  "connection.offline": "Offline since {since}",
  "connection.connecting": "Offline, connecting …",
  "error.invalid_credentials": "The address or the password is wrong.",
  "error.rate_limited": "Too many tries. Please wait a while, then try again.",
  "error.offline": "The server cannot be reached. Please try again.",
  "error.other": "That did not work. Please try again.",
  "incomplete":
    "This page is not complete: a newer version is perhaps being installed. Please reload it in a moment.",
  "storage.failed":
    "This browser keeps nothing here: its storage is full or forbidden. What you write is lost when the page is closed before it is sent."
};
