// Keeping the face of a finished video as an avatar, with the consent of the person shown.

import * as api from "./api.js";
import { byId, showError } from "./dom.js";

export class Saving {
  #form = byId("save-form");
  #portrait = null;

  /** `onSaved(avatar)` is told of each new avatar. */
  constructor(onSaved) {
    byId("save-open").addEventListener("click", () => this.#show(true));
    byId("save-cancel").addEventListener("click", () => this.#show(false));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#check()) this.#save(onSaved);
    });
  }

  /** What would be saved: an image file, and a name to suggest. */
  offer(portrait, name) {
    this.#portrait = portrait;
    this.#form.reset();
    byId("save-name").value = name;
  }

  #show(open) {
    this.#form.hidden = !open;
    showError("save-error", "");
    byId(open ? "save-name" : "save-open").focus();
  }

  #check() {
    const told = byId("save-consent").value.trim();
    if (told && byId("save-agreed").checked) return true;
    showError("save-error", told ? "Please confirm the agreement." : "Say who agreed, and how.");
    byId(told ? "save-agreed" : "save-consent").focus();
    return false;
  }

  async #save(onSaved) {
    const fields = new FormData();
    fields.set("portrait", this.#portrait);
    fields.set("name", byId("save-name").value.trim());
    fields.set("consent", byId("save-consent").value.trim());
    const button = this.#form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const avatar = await api.createAvatar(fields);
      this.#form.hidden = byId("save-open").hidden = true;
      onSaved(avatar);
    } catch (problem) {
      showError("save-error", problem.message);
    } finally {
      button.disabled = false;
    }
  }
}
