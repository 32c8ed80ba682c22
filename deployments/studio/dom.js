// Elements of the page: finding them, making them, and marking what is wrong with one.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** Show a sentence in an error paragraph, and mark the group it belongs to. Empty hides it. */
export function showError(id, message, field = null) {
  const paragraph = byId(id);
  paragraph.textContent = message;
  paragraph.hidden = !message;
  if (!field) return;
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

/** Resolves with the next event of that type. */
export const once = (target, type) =>
  new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

/** 75.4 as "1:15". */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
