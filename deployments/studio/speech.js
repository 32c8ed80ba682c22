// What is said: the example, a sound file, or a recording from the microphone.

import * as api from "./api.js";
import { byId, clock, showError } from "./dom.js";
import { Recorder } from "./recorder.js";

const EXAMPLE = "/examples/speech.flac";

export class SpeechChoice {
  #field = byId("speech-field");
  #preview = byId("speech-preview");
  #files = { example: null, upload: null, record: null };
  #recorder = new Recorder();
  #maxBytes = Infinity;

  constructor() {
    byId("speech-ways").addEventListener("change", () => this.#changed());
    byId("speech-file").addEventListener("change", ({ target }) => {
      if (target.files[0]) this.addFile(target.files[0]);
      target.value = "";
    });
    byId("record").addEventListener("click", () => this.#toggleRecording());
    this.#changed();
  }

  limit(maxBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Offer the example if the server has one. */
  async loadExample() {
    const file = await api.file(EXAMPLE);
    if (!file) return;
    this.#files.example = new File([file], EXAMPLE.split("/").at(-1), { type: file.type });
    byId("way-example").hidden = false;
    if (this.#way === "upload" && !this.#files.upload) this.#choose("example");
  }

  /** Take a sound file and choose it. */
  addFile(file) {
    if (file.size > this.#maxBytes) {
      const most = Math.round(this.#maxBytes / 1e6);
      return this.fail(`${file.name} has ${(file.size / 1e6).toFixed(1)} MB; at most ${most} MB are possible here.`);
    }
    this.#files.upload = file;
    byId("speech-file-name").textContent = file.name;
    this.#choose("upload");
  }

  /** Whether there is something to say; if not, the field says what to do. */
  check() {
    if (this.#recorder.running) return this.fail("Stop the recording first.");
    const missing = { upload: "Choose a sound file first.", record: "Record something first." };
    return this.fail(this.#files[this.#way] ? "" : missing[this.#way]);
  }

  /** Show a sentence at this field; true if it is empty. */
  fail(message) {
    showError("speech-error", message, this.#field);
    if (message) this.#field.querySelector("input:checked").focus();
    return !message;
  }

  /** The choice as fields of a request. */
  fields() {
    return { audio: this.#files[this.#way] };
  }

  /** Silence the preview: the video will speak. */
  hush() {
    this.#preview.pause();
  }

  get #way() {
    return this.#field.querySelector("input[name=way]:checked").value;
  }

  #choose(way) {
    this.#field.querySelector(`input[value=${way}]`).checked = true;
    this.#changed();
  }

  #changed() {
    this.fail("");
    this.#recorder.stop();
    for (const pane of this.#field.querySelectorAll(".pane")) pane.hidden = pane.dataset.way !== this.#way;
    const file = this.#files[this.#way];
    if (this.#preview.src) URL.revokeObjectURL(this.#preview.src);
    this.#preview.hidden = !file;
    if (file) this.#preview.src = URL.createObjectURL(file);
    else this.#preview.removeAttribute("src");
  }

  async #toggleRecording() {
    if (this.#recorder.running) return this.#recorder.stop();
    this.fail("");
    this.hush();
    byId("record").textContent = "Stop recording";
    byId("record").classList.add("on");
    try {
      this.#files.record = await this.#recorder.record((level, seconds) => {
        byId("record-level").value = level;
        byId("record-time").textContent = clock(seconds);
      });
      this.#changed();
    } catch (error) {
      this.fail(error.message);
    }
    byId("record").textContent = this.#files.record ? "Record again" : "Start recording";
    byId("record").classList.remove("on");
    byId("record-level").value = 0;
  }
}
