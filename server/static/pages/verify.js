// Sends the token of the link when the button is pressed, and says what became of it.
const said = document.getElementById("said");
const button = document.getElementById("confirm");
const token = new URLSearchParams(location.hash.slice(1)).get("token");

function answer(status) {
  if (status === 204) return "Thank you. Your address is confirmed.";
  if (status === 400 || status === 422) {
    return "This link was used before, or is too old. Ask for a new one where you are signed in.";
  }
  if (status === 409) return "This address has an account by now.";
  button.disabled = false;
  return "That did not work. Please try again in a moment.";
}

async function confirm() {
  button.disabled = true;
  let status = 0;
  try {
    const asked = await fetch("api/v1/auth/email/verify", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    status = asked.status;
  } catch {
    // Not reached: as any other failure.
  }
  said.textContent = answer(status);
  button.hidden = button.disabled;
}

if (token) {
  // Not into the history, nor to whoever looks on.
  history.replaceState(null, "", location.pathname);
  button.hidden = false;
  button.addEventListener("click", confirm);
} else {
  said.textContent = "This link is not complete. Please use it as it stands in the mail.";
}
