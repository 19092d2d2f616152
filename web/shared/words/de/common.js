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
  "error.invalid_credentials": "Die Adresse oder das Passwort ist falsch.",
  "error.rate_limited":
    "Zu viele Versuche. Bitte warten Sie eine Weile und versuchen Sie es dann noch einmal.",
  "error.offline": "Der Server ist nicht erreichbar. Bitte versuchen Sie es noch einmal.",
  "error.other": "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
  "incomplete":
    "Diese Seite ist nicht vollständig: vielleicht wird gerade eine neuere Fassung eingespielt. Bitte laden Sie sie gleich noch einmal.",
  "storage.failed":
    "Dieser Browser behält hier nichts: sein Speicher ist voll oder gesperrt. Was Sie schreiben, geht verloren, wenn die Seite vor dem Senden geschlossen wird."
};
