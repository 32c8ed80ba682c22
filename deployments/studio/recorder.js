// Speech from the microphone: level and time while it runs, a file at the end.

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

const REASONS = {
  NotAllowedError: "The microphone is blocked. Allow it for this page in the browser's site settings, then try again.",
  NotFoundError: "No microphone was found. Connect one, or upload a sound file.",
  NotReadableError: "Another program is using the microphone. Close it, then try again.",
};
const NO_ACCESS =
  "This browser records only over https or on this computer itself (localhost). Upload a sound file instead.";

export class Recorder {
  #stream = null;
  #media = null;
  #context = null;
  #frame = 0;

  get running() {
    return this.#media?.state === "recording";
  }

  /**
   * Record until `stop`. `onLevel(level, seconds)` is called with every picture of the screen,
   * level 0 to 1. Resolves with the file; rejects with an Error that says why in words.
   */
  async record(onLevel) {
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) throw new Error(NO_ACCESS);
    this.#stream = await this.#open();
    try {
      return await this.#capture(onLevel);
    } finally {
      this.#close();
    }
  }

  stop() {
    if (this.running) this.#media.stop();
  }

  async #open() {
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      throw new Error(REASONS[error.name] ?? `The microphone cannot be used: ${error.message}`);
    }
  }

  #capture(onLevel) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#media = new MediaRecorder(this.#stream, mimeType ? { mimeType } : {});
    this.#watch(onLevel);
    const pieces = [];
    return new Promise((resolve, reject) => {
      this.#media.ondataavailable = ({ data }) => pieces.push(data);
      this.#media.onerror = () => reject(new Error("The recording broke off."));
      this.#media.onstop = () => resolve(asFile(pieces, this.#media.mimeType));
      this.#media.start();
    });
  }

  #watch(onLevel) {
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    this.#context.createMediaStreamSource(this.#stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const started = performance.now();
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      onLevel(loudness(samples), (performance.now() - started) / 1000);
      this.#frame = requestAnimationFrame(look);
    };
    look();
  }

  #close() {
    cancelAnimationFrame(this.#frame);
    this.#stream.getTracks().forEach((track) => track.stop());
    this.#context?.close();
  }
}

function asFile(pieces, type) {
  const kind = type.split(";")[0];
  return new File(pieces, `recording.${kind.split("/")[1] || "webm"}`, { type: kind });
}

/** 0 at -60 dB and below, 1 at 0 dB. */
function loudness(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(1, Math.max(0, 1 + (10 * Math.log10(power + 1e-12)) / 60));
}
