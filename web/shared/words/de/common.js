export default {
  "desk.name": "Ticket Desk",
  "signin.title": "Anmelden",
  "signin.again": "Zum Weiterarbeiten anmelden",
  "signin.email": "E-Mail",
  "signin.password": "Passwort",
  "signin.submit": "Anmelden",
  "signout": "Abmelden",
  "noscript": "Diese Seite braucht JavaScript.",
  "loading": "Wird geladen …",
  "close": "Schließen",
  "connection": "Verbindung",
  "connection.live": "Live",
  "connection.offline": "Offline seit {since}",
  "connection.connecting": "Offline, wird verbunden …",
  "field.true": "Ja",
  "field.false": "Nein",
  "field.none": "nichts",
  "error.invalid_credentials": "Die Adresse oder das Passwort ist falsch.",
  "error.rate_limited":
    "Zu viele Versuche. Bitte warte eine Weile und versuche es dann noch einmal.",
  "error.offline": "Der Server ist nicht erreichbar. Bitte versuche es noch einmal.",
  "error.other": "Das hat nicht geklappt. Bitte versuche es noch einmal."
};
