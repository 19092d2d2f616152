"""What an account signs in with besides its password: codes of an app, and passkeys."""
