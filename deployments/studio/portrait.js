// Who speaks: an example, a stored avatar, or the visitor's own picture.

import * as api from "./api.js";
import { byId, element, showError } from "./dom.js";

const EXAMPLES = [
  { path: "/examples/collins.png", name: "Eileen Collins", title: "NASA, public domain" },
  { path: "/examples/hopper.png", name: "Grace Hopper", title: "US Navy, public domain" },
];

export class PortraitChoice {
  #field = byId("portrait-field");
  #tiles = byId("portraits");
  #choices = new Map(); // radio button -> { kind, name, title, picture, file } or { ..., picture, avatar }
  #maxBytes = Infinity;
  #onChange;

  /** `onChange(picture)` is told the address of the chosen picture, or null if it has none. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#tiles.addEventListener("change", (event) => event.target.name === "portrait" && this.#changed());
    byId("portrait-file").addEventListener("change", ({ target }) => {
      if (target.files[0]) this.addOwn(target.files[0]);
      target.value = ""; // the same file may be chosen again
    });
    byId("avatar-delete").addEventListener("click", () => this.#deleteAvatar());
    for (const { path, name, title } of EXAMPLES) {
      this.#addTile({ kind: "example", name, title, picture: path });
    }
    this.#select([...this.#choices.keys()][0]);
  }

  limit(maxBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Offer a picture of the visitor and choose it; it replaces the one before. */
  addOwn(file) {
    if (!file.type.startsWith("image/")) return this.fail(`${file.name} is not a picture.`);
    if (file.size > this.#maxBytes) {
      const most = Math.round(this.#maxBytes / 1e6);
      return this.fail(`${file.name} has ${(file.size / 1e6).toFixed(1)} MB; at most ${most} MB are possible.`);
    }
    this.#remove((choice) => choice.kind === "own");
    byId("consent").checked = false;
    byId("portrait-add-name").textContent = "Another picture";
    const picture = URL.createObjectURL(file);
    this.#select(this.#addTile({ kind: "own", name: "Your picture", title: file.name, picture, file }));
  }

  addAvatar(avatar, { select = false } = {}) {
    const title = `Saved ${new Date(avatar.created_at).toLocaleString()}. Consent: ${avatar.consent || "not stated"}`;
    const name = avatar.name || "Avatar";
    const picture = api.thumbnailOf(avatar.id);
    const radio = this.#addTile({ kind: "avatar", name, title, picture, avatar });
    if (select) this.#select(radio);
  }

  /** Whether what is chosen may be used; if not, the field says why. */
  check() {
    if (!this.#chosen) return this.fail("Choose a portrait first.");
    const agreed = this.#chosen.kind !== "own" || byId("consent").checked;
    if (!agreed) return this.fail("Please confirm that the person shown has agreed.", byId("consent"));
    return this.fail("");
  }

  /** Show a sentence at this field; true if it is empty. */
  fail(message, target = this.#checked) {
    showError("portrait-error", message, this.#field);
    if (message) target?.focus();
    return !message;
  }

  /** The choice as fields of a request. */
  async fields() {
    const { avatar, file, name } = this.#chosen;
    if (avatar) return { avatar: avatar.id };
    const portrait = await file;
    if (!portrait) throw new api.Problem(`The example picture of ${name} is missing on this server.`, { param: "portrait" });
    return { portrait };
  }

  /** Whether it could be stored as an avatar. */
  get savable() {
    return Boolean(this.#chosen) && !this.#chosen.avatar;
  }

  get name() {
    return this.#chosen?.kind === "example" ? this.#chosen.name : "";
  }

  get #checked() {
    return this.#tiles.querySelector("input[name=portrait]:checked");
  }

  get #chosen() {
    return this.#choices.get(this.#checked);
  }

  #addTile(choice) {
    const radio = element("input", { type: "radio", name: "portrait" });
    const face = element("span", { className: "face", ariaHidden: "true" });
    face.append(this.#picture(choice, radio, face));
    const name = element("span", { className: "name", textContent: choice.name });
    const tile = element("label", { className: "tile", title: choice.title }, radio, face, name);
    this.#choices.set(radio, choice);
    this.#tiles.insertBefore(tile, byId("portrait-add"));
    return radio;
  }

  #picture(choice, radio, face) {
    const image = element("img", { src: choice.picture, alt: "" });
    image.addEventListener("error", () => {
      if (choice.kind === "avatar") return face.replaceChildren(choice.name.charAt(0).toUpperCase());
      if (choice.kind === "example") return this.#remove((other) => other === choice);
      this.#remove((other) => other === choice);
      this.fail("This browser cannot read that picture. JPEG and PNG always work.", radio);
    });
    return image;
  }

  #remove(matches) {
    for (const [radio, choice] of this.#choices) {
      if (!matches(choice)) continue;
      if (choice.kind === "own") URL.revokeObjectURL(choice.picture);
      this.#choices.delete(radio);
      radio.closest("label").remove();
    }
    const [first] = this.#choices.keys();
    if (!this.#checked && first) this.#select(first);
    else if (!first) this.#changed();
  }

  #select(radio) {
    radio.checked = true;
    this.#changed();
  }

  #changed() {
    this.fail("");
    if (this.#chosen?.kind === "example") this.#chosen.file ??= api.file(this.#chosen.picture);
    byId("consent-row").hidden = this.#chosen?.kind !== "own";
    byId("avatar-delete").hidden = !this.#chosen?.avatar;
    this.#onChange(this.#chosen?.picture ?? null);
  }

  async #deleteAvatar() {
    const { avatar, name } = this.#chosen;
    if (!window.confirm(`Delete the avatar “${name}” from this server?`)) return;
    try {
      await api.deleteAvatar(avatar.id);
      this.#remove((choice) => choice.avatar === avatar);
    } catch (problem) {
      this.fail(problem.message);
    }
  }
}
