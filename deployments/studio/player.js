// Playing bytes of a fragmented MP4 while they arrive, through Media Source Extensions.

import { once } from "./dom.js";

const Source = window.MediaSource ?? window.ManagedMediaSource; // an iPhone has only the second
const KEEP_S = 30; // seconds behind the playback that stay when room is needed

export const canStream = (type) => Boolean(Source?.isTypeSupported(type));

export class StreamPlayer {
  #video;
  #source = null;
  #opened;
  #buffer = null;
  #queue = [];
  #ended = false;
  #expected = null; // seconds
  #wake = () => {};
  #onSeeking = () => this.#keepInside();

  /** Make it in the handler of a click: only then may a browser play sound. */
  constructor(video) {
    this.#video = video;
    if (!Source) return;
    this.#source = new Source();
    this.#opened = once(this.#source, "sourceopen");
    video.disableRemotePlayback = !window.MediaSource; // else ManagedMediaSource does not open
    video.src = URL.createObjectURL(this.#source);
    video.addEventListener("seeking", this.#onSeeking);
    this.#play();
  }

  /** How long it will be, for the controls of the video: a live stream has no end. */
  expect(seconds) {
    this.#expected = seconds;
  }

  /** Give the next bytes. */
  append(bytes) {
    this.#queue.push(bytes);
    this.#wake();
  }

  /** No more bytes will come. */
  end() {
    this.#ended = true;
    this.#wake();
  }

  /** Play what is appended until it ends. Rejects if the browser cannot decode it. */
  async run(type) {
    if (!canStream(type)) return;
    await this.#opened;
    this.#buffer = this.#source.addSourceBuffer(type);
    while (this.#queue.length || !this.#ended) {
      if (this.#queue.length) await this.#appendNext();
      else await new Promise((resolve) => (this.#wake = resolve));
    }
    if (this.#source.readyState === "open") this.#source.endOfStream();
  }

  /** Whether the start is still there: of a long video only the last part is kept. */
  get holdsAll() {
    return Boolean(this.#buffer?.buffered.length) && this.#buffer.buffered.start(0) < 0.1;
  }

  /** Play the whole file instead, from its start. */
  replace(blob, { play = false } = {}) {
    this.close();
    this.#video.src = URL.createObjectURL(blob);
    if (play) this.#play();
  }

  close() {
    this.end();
    this.#queue.length = 0;
    this.#video.removeEventListener("seeking", this.#onSeeking);
    if (this.#video.src.startsWith("blob:")) URL.revokeObjectURL(this.#video.src);
  }

  async #appendNext() {
    if (this.#expected) this.#source.duration = this.#expected;
    this.#expected = null;
    try {
      this.#buffer.appendBuffer(this.#queue[0]);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      return this.#makeRoom();
    }
    await this.#updated();
    this.#queue.shift();
  }

  async #makeRoom() {
    const start = this.#buffer.buffered.start(0);
    const until = this.#video.currentTime - KEEP_S;
    if (until <= start) return once(this.#video, "timeupdate"); // paused: wait until it plays on
    this.#buffer.remove(start, until);
    return this.#updated();
  }

  #updated() {
    return new Promise((resolve, reject) => {
      this.#buffer.onupdateend = resolve;
      this.#buffer.onerror = () => reject(new Error("the browser cannot decode this video"));
    });
  }

  #keepInside() {
    const start = this.#buffer?.buffered.length ? this.#buffer.buffered.start(0) : 0;
    if (this.#video.currentTime < start - 0.1) this.#video.currentTime = start;
  }

  #play() {
    // A browser that refuses leaves its own play button on the video.
    this.#video.play().catch(() => {});
  }
}
