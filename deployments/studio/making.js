// One video being made: the request goes out, its bytes come in, play, and are kept.

import * as api from "./api.js";
import { Meter } from "./meter.js";
import { Mp4Reader } from "./mp4.js";
import { StreamPlayer, canStream } from "./player.js";

const FOLDED_BYTES = 1e6; // then pieces become a Blob, which a browser may keep on disk

/** How a video ended. */
export const COMPLETE = "complete";
export const STOPPED = "stopped";
export const CUT = "cut"; // the connection or the server broke off

export class Making {
  frames = 0;
  recordPath = null;
  file = null; // all bytes received, once it has ended
  playsLive = true;
  meter;
  #reader = new Mp4Reader();
  #player;
  #parts = [];
  #pieces = [];
  #folded = 0;
  #abort = new AbortController();

  /** Make it in the handler of the click. `lead`: see Meter. */
  constructor(video, lead) {
    this.meter = new Meter(lead);
    this.#player = new StreamPlayer(video);
  }

  /**
   * Make the video of a form, or of the promise of one. `onBytes()` is called after every arrival.
   * Resolves with how it ended; throws a Problem if it never began.
   */
  async run(form, onBytes) {
    const response = await api.streamVideo(await form, this.#abort.signal).catch(unlessAborted);
    if (response) {
      this.recordPath = response.headers.get("Content-Location");
      await this.#receive(response.body.getReader(), onBytes);
    }
    return this.#finish();
  }

  /** How long it will be, when that is known. */
  expect(seconds) {
    this.#player.expect(seconds);
  }

  /** End the work here and on the server. */
  stop() {
    this.#abort.abort();
    if (this.recordPath) api.cancelVideo(this.recordPath).catch(() => {}); // leaving is enough
  }

  /** Forget the player; the video element keeps what it shows. */
  close() {
    this.#player.close();
  }

  /** Play the file from its start, if the player no longer holds all of it. */
  replayable() {
    if (!this.#player.holdsAll) this.#player.replace(this.file);
  }

  async #receive(reader, onBytes) {
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true })); // cut, or stopped
      if (done) return;
      const began = this.#reader.type;
      this.#reader.push(value);
      this.#keep(value);
      this.#player.append(value);
      if (!began && this.#reader.type) this.#play(this.#reader.type);
      this.frames = this.#reader.frames;
      this.meter.arrived(this.frames);
      onBytes();
    }
  }

  #play(type) {
    this.playsLive = canStream(type);
    // What cannot be decoded while it arrives is tried again as a file at the end.
    this.#player.run(type).catch(() => (this.playsLive = false));
  }

  #keep(bytes) {
    this.#pieces.push(bytes);
    this.#folded += bytes.length;
    if (this.#folded < FOLDED_BYTES) return;
    this.#parts.push(new Blob(this.#pieces));
    this.#pieces = [];
    this.#folded = 0;
  }

  #finish() {
    this.file = new Blob([...this.#parts, ...this.#pieces], { type: "video/mp4" });
    this.#player.end();
    if (!this.playsLive && this.frames) this.#player.replace(this.file, { play: true });
    if (this.#abort.signal.aborted) return STOPPED;
    return this.#reader.ended ? COMPLETE : CUT;
  }
}

function unlessAborted(error) {
  if (error.name !== "AbortError") throw error;
}
