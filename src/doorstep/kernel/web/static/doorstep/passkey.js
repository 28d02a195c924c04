// <ds-passkey> around a form: its button asks the house for a challenge, the browser for an answer, and sends it.
// Without scripts, or in a browser without passkeys, it stays hidden.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// Browsers of before 2024 do not read or write WebAuthn's JSON themselves.
function read(options) {
  const key = options.publicKey;
  key.challenge = bytes(key.challenge);
  if (key.user) key.user.id = bytes(key.user.id);
  for (const list of [key.allowCredentials, key.excludeCredentials]) for (const one of list ?? []) one.id = bytes(one.id);
  return { publicKey: key };
}
function written(made) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (made.response[name]) response[name] = text(made.response[name]);
  return JSON.stringify({
    id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: made.getClientExtensionResults(),
  });
}

customElements.define("ds-passkey", class extends HTMLElement {
  connectedCallback() {
    this.hidden = !window.PublicKeyCredential;
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run(event.target);
    });
  }
  async run(form) {
    const fault = form.querySelector("[data-fault]"), asked = new FormData(form);
    fault.hidden = true;
    asked.set("options", "1");
    try {
      const answer = await fetch(form.action, { method: "POST", body: asked });
      if (!answer.ok || !answer.headers.get("Content-Type")?.includes("json")) {
        location.reload();
        return;
      }
      const options = read(await answer.json());
      const made = await navigator.credentials[this.dataset.use](options);
      form.elements.response.value = written(made);
      form.submit();
    } catch {
      fault.hidden = false;
    }
  }
});
