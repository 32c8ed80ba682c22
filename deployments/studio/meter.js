// How soon and how fast a video comes, measured in this browser.

const FRAME_RATE = 25;
const MARGIN_S = 2; // the server pauses a little before its lead is reached: a chunk of 1 s is in work

export class Meter {
  #pressed = performance.now();
  #first = null; // { time, frames } of the first frames
  #last = null; // of the last frames before the server paused
  #lead;

  /** `lead`: seconds a stream may be ahead of its playback; beyond it the server waits on purpose. */
  constructor(lead) {
    this.#lead = lead;
  }

  /** Milliseconds from the press of the button to the first picture on the screen. */
  async firstPicture(video) {
    const shown = video.requestVideoFrameCallback && !document.hidden
      ? new Promise((resolve) => video.requestVideoFrameCallback((_, frame) => resolve(frame.presentationTime)))
      : new Promise((resolve) =>
          video.addEventListener("loadeddata", () => resolve(performance.now()), { once: true }));
    return (await shown) - this.#pressed;
  }

  /** That many frames are here now. */
  arrived(frames) {
    const now = { time: performance.now() / 1000, frames };
    if (!frames || this.#last?.frames === frames) return;
    this.#first ??= now;
    if (!this.#paced(now)) this.#last = now;
  }

  /** Seconds of work for a second of video, or null before that can be said. */
  get realTimeFactor() {
    const seconds = ((this.#last?.frames ?? 0) - (this.#first?.frames ?? 0)) / FRAME_RATE;
    return seconds > 0 ? (this.#last.time - this.#first.time) / seconds : null;
  }

  #paced({ time, frames }) {
    const ahead = frames / FRAME_RATE - (time - this.#first.time);
    return ahead > this.#lead - MARGIN_S;
  }
}

/** Seconds of video in that many frames, and frames that so many seconds of speech need. */
export const seconds = (count) => count / FRAME_RATE;
export const frames = (length) => Math.ceil(length * FRAME_RATE - 1e-6);
