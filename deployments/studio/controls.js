// What the engine can be told, built from what the server says of its engines.

import { byId, element, showError } from "./dom.js";

const SIZES = [128, 256, 384, 512, 768, 1024];
const MAX_SEED = 2 ** 31;
const ENGINE = "options.engine";

export class EngineControls {
  #models = [];
  #model = null;
  #list = byId("control-list");
  #values = new Map(); // name of a control -> () => value, only if it was changed
  #seed = numberInput(0);
  #size = null;

  /** Show the controls of these engines, of the first one to begin with. */
  show(models) {
    this.#models = models;
    this.#show(models[0]);
  }

  /** The `options` of a request. */
  options() {
    const changed = [...this.#values].map(([name, value]) => [name, value()]);
    const controls = Object.fromEntries(changed.filter(([, value]) => value !== undefined));
    const seed = Number(this.#seed.value) || 0;
    const size = this.#size ? Number(this.#size.value) : this.#model.sizes.default;
    return { engine: this.#model.id, size, seed, controls };
  }

  /** Mark the control that `param`, as "options.controls.pose", names; false if it is none of ours. */
  fail(param, message) {
    const at = param === "options.stream" ? ENGINE : param; // this page only streams: choose another engine
    const row = this.#list.querySelector(`[data-param="${CSS.escape(at)}"]`);
    if (!row) return false;
    byId("controls").open = true;
    row.setAttribute("aria-invalid", "true");
    row.append(element("p", { className: "error", role: "alert", textContent: message }));
    row.querySelector("input, select").focus();
    return true;
  }

  clearErrors() {
    for (const row of this.#list.querySelectorAll("[aria-invalid]")) {
      row.removeAttribute("aria-invalid");
      row.querySelector(".error").remove();
    }
    showError("general-error", "");
  }

  #show(model) {
    this.#model = model;
    this.#values.clear();
    this.#list.replaceChildren();
    if (this.#models.length > 1) this.#list.append(this.#engineRow());
    const drawable = model.controls.filter(({ kind }) => kind !== "offsets"); // those are for programs
    for (const control of drawable) this.#list.append(this.#controlRow(control));
    this.#list.append(...this.#sizeRow(model.sizes), this.#seedRow(), this.#resetRow());
  }

  #engineRow() {
    const { id: chosen, title, weights_licence: licence } = this.#model;
    const select = choice(this.#models.map(({ id }) => [id, id]), chosen);
    select.addEventListener("change", () => {
      this.#show(this.#models.find(({ id }) => id === select.value));
      byId(ENGINE).focus(); // what had it is gone
    });
    return row(ENGINE, "Engine", select, `${title}. Weights: ${licence}.`);
  }

  #controlRow(control) {
    const param = `options.controls.${control.name}`;
    const title = spaced(control.name);
    if (control.choices) {
      const select = choice(control.choices.map((word) => [word, spaced(word)]), control.default);
      this.#values.set(control.name, () => changed(select.value, control.default));
      return row(param, title, select, control.effect);
    }
    const slider = element("input", { type: "range" });
    Object.assign(slider, { min: control.minimum, max: control.maximum, step: stepOf(control) });
    slider.value = control.default; // last: it is moved into the range
    this.#values.set(control.name, () => changed(Number(slider.value), Number(control.default)));
    return row(param, title, slider, control.effect, shownValue(slider));
  }

  #sizeRow({ minimum, maximum, default: usual }) {
    const sizes = SIZES.filter((size) => size >= minimum && size <= maximum && size !== usual);
    this.#size = null;
    if (!sizes.length) return [];
    const ordered = [...sizes, usual].sort((one, other) => one - other);
    this.#size = choice(ordered.map((size) => [size, `${size} × ${size}`]), usual);
    return [row("options.size", "picture size", this.#size, "Pixels, height and width.")];
  }

  #seedRow() {
    this.#seed = numberInput(this.#seed.value);
    const button = element("button", { type: "button", className: "quiet", textContent: "Random" });
    button.addEventListener("click", () => (this.#seed.value = Math.floor(Math.random() * MAX_SEED)));
    const help = "The same seed with the same input gives the same video.";
    return row("options.seed", "seed", this.#seed, help, button);
  }

  #resetRow() {
    const button = element("button", { type: "button", className: "quiet reset", textContent: "Reset all" });
    button.addEventListener("click", () => {
      this.#seed.value = 0;
      this.#show(this.#model);
      this.#list.querySelector("input, select")?.focus();
    });
    return button;
  }
}

const spaced = (name) => name.replaceAll("_", " ");
const changed = (value, usual) => (value === usual ? undefined : value);

function row(param, title, input, help, beside = "") {
  input.id = param;
  const note = element("p", { className: "hint", id: `${param}-help`, textContent: help });
  input.setAttribute("aria-describedby", note.id);
  const label = element("label", { textContent: title, htmlFor: param });
  const head = element("div", { className: "row-head" }, label, beside);
  const whole = element("div", { className: "row" }, head, input, note);
  whole.dataset.param = param;
  return whole;
}

function choice(pairs, chosen) {
  const select = element("select");
  select.append(...pairs.map(([value, textContent]) => element("option", { value, textContent })));
  select.value = chosen;
  return select;
}

function numberInput(value) {
  return element("input", { type: "number", min: 0, max: MAX_SEED, step: 1, value });
}

/** A round step on which the default lies: else the slider would move it. */
function stepOf({ minimum, maximum, default: usual }) {
  const step = maximum - minimum >= 10 ? 1 : 0.05;
  const steps = (usual - minimum) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-6 ? step : "any";
}

function shownValue(slider) {
  const output = element("output", { className: "figure" });
  const digits = slider.step === "1" ? 0 : 2;
  const show = () => (output.textContent = Number(slider.value).toFixed(digits));
  slider.addEventListener("input", show);
  show();
  return output;
}
