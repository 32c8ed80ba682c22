// The right side of the page: the picture, how far it is, how fast it came, and what to do with it.

import { sentence } from "./api.js";
import { byId, clock, element } from "./dom.js";
import { seconds } from "./meter.js";

export class Stage {
  video = byId("video");
  #address = null; // of the download

  constructor() {
    byId("still").addEventListener("error", () => this.showStill(null));
  }

  /** What will speak, while there is no video. */
  showStill(picture) {
    const still = byId("still");
    still.hidden = !picture;
    if (picture) still.src = picture;
    else still.removeAttribute("src");
  }

  /** Something is being made from now on. */
  begin() {
    for (const id of ["outcome", "warnings", "save-form"]) byId(id).hidden = true;
    for (const id of ["figure-first", "figure-speed", "figure-made"]) byId(id).textContent = "–";
    byId("figures").hidden = byId("making").hidden = false;
    byId("progress").removeAttribute("value"); // its length is not known yet
    byId("screen").classList.add("working");
    this.video.hidden = false;
    this.video.classList.remove("showing");
    this.say("Sending the portrait and the speech…");
  }

  /** A sentence, also read out by screen readers. */
  say(sentence) {
    if (byId("status").textContent !== sentence) byId("status").textContent = sentence;
  }

  firstPicture(milliseconds) {
    this.video.classList.add("showing");
    byId("screen").classList.remove("working");
    byId("figure-first").textContent =
      milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  }

  /** That many frames are here, of `total` if that is known; `factor` as Meter says. */
  made(frames, total, factor) {
    byId("figure-made").textContent = `${seconds(frames).toFixed(1)} s`;
    byId("figure-whole").textContent = total ? `Made of ${seconds(total).toFixed(1)}\u00a0s` : "Made";
    if (total) byId("progress").value = Math.min(1, frames / total);
    if (factor !== null) byId("figure-speed").textContent = `${factor.toFixed(2)} s`;
  }

  /** Nothing is being made any more; `making` holds what there is. */
  end(making, { complete, savable }) {
    byId("making").hidden = true;
    byId("screen").classList.remove("working");
    if (!making?.frames) return this.#empty();
    this.video.classList.add("showing");
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = URL.createObjectURL(making.file);
    const id = making.recordPath?.split("/").at(-1) ?? "video";
    Object.assign(byId("download"), {
      href: this.#address,
      download: `${id}${complete ? "" : "-incomplete"}.mp4`,
      textContent: `Download${complete ? "" : " what there is"} (${size(making.file.size)})`,
    });
    byId("record-link").hidden = !making.recordPath;
    byId("record-link").href = making.recordPath ?? "";
    byId("save-open").hidden = !savable;
    byId("outcome").hidden = false;
  }

  /** What the record warns of: `{ message, ranges }`, ranges in seconds. */
  warn(warnings) {
    const items = warnings.map(({ code, message, ranges }) =>
      element("li", { textContent: sentence((message ?? code) + where(ranges)) }));
    byId("warnings").replaceChildren(...items);
    byId("warnings").hidden = !items.length;
  }

  #empty() {
    this.video.hidden = true;
    this.video.removeAttribute("src");
    this.video.load();
    byId("figures").hidden = true;
  }
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function where(ranges) {
  if (!ranges?.length) return "";
  return ` (${ranges.map(([from, to]) => `${clock(from)}–${clock(to)}`).join(", ")})`;
}
