// Reading a fragmented MP4 as it arrives: its codecs, how many frames are here, and whether it ended.

const CONTAINERS = { moov: 8, trak: 8, mdia: 8, minf: 8, stbl: 8, stsd: 16, avc1: 86, moof: 8, traf: 8 };

export class Mp4Reader {
  /** Video frames whose bytes are all here. */
  frames = 0;
  /** For MediaSource, once the header is here: video/mp4; codecs="avc1.64001f, mp4a.40.2". */
  type = null;
  /** Whether the end mark came: without it the file was cut off. */
  ended = false;

  #pending = new Uint8Array(0);
  #passing = null; // the box we are in, whose bytes need no reading: { kind, left }
  #announced = 0; // frames of the `moof` whose `mdat` is still arriving
  #videoTrack = 0;

  push(bytes) {
    this.#pending = this.#pending.length ? joined(this.#pending, bytes) : bytes;
    while (this.#passing ? this.#pass() : this.#enter());
  }

  /** Begin with the next box; whether there was enough of it. */
  #enter() {
    const box = header(this.#pending);
    const whole = box?.kind === "moov" || box?.kind === "moof";
    if (!box || (whole && this.#pending.length < box.size)) return false;
    if (whole) this.#read(box.kind, this.#pending.subarray(0, box.size));
    this.#passing = { kind: box.kind, left: box.size };
    return true;
  }

  /** Go on to the end of the box; whether it was reached. */
  #pass() {
    const now = Math.min(this.#passing.left, this.#pending.length);
    this.#pending = this.#pending.subarray(now);
    this.#passing.left -= now;
    if (this.#passing.left) return false;
    this.#finish(this.#passing.kind);
    this.#passing = null;
    return true;
  }

  #finish(kind) {
    if (kind === "mfra") this.ended = true;
    if (kind !== "mdat") return;
    this.frames += this.#announced;
    this.#announced = 0;
  }

  #read(kind, box) {
    if (kind === "moov") this.#readHeader(box);
    else this.#announced = framesOf(box, this.#videoTrack);
  }

  #readHeader(moov) {
    const tracks = children(moov, "trak");
    const video = tracks.find((track) => find(track, "mdia", "minf", "stbl", "stsd", "avc1"));
    const sound = tracks.some((track) => find(track, "mdia", "minf", "stbl", "stsd", "mp4a"));
    const avcc = find(video, "mdia", "minf", "stbl", "stsd", "avc1", "avcC");
    const profile = [...avcc.subarray(9, 12)].map((byte) => byte.toString(16).padStart(2, "0"));
    this.#videoTrack = trackId(video);
    this.type = `video/mp4; codecs="avc1.${profile.join("")}${sound ? ", mp4a.40.2" : ""}"`;
  }
}

function framesOf(moof, track) {
  const runs = children(moof, "traf").filter((traf) => number(find(traf, "tfhd"), 12) === track);
  return runs.flatMap((traf) => children(traf, "trun")).reduce((sum, trun) => sum + number(trun, 12), 0);
}

function trackId(track) {
  const tkhd = find(track, "tkhd");
  const wideTimes = tkhd[8] === 1; // version 1 has 64-bit times
  return number(tkhd, wideTimes ? 28 : 20);
}

/** The first box at that path below `box`, header included, or undefined. */
function find(box, ...path) {
  return path.reduce((parent, kind) => parent && children(parent, kind)[0], box);
}

function children(parent, kind) {
  const found = [];
  let offset = CONTAINERS[header(parent).kind];
  while (offset + 8 <= parent.length) {
    const rest = parent.subarray(offset);
    const box = header(rest);
    if (!box || box.size < 8) break;
    if (box.kind === kind) found.push(rest.subarray(0, box.size));
    offset += box.size;
  }
  return found;
}

function header(bytes) {
  if (bytes.length < 8) return null;
  const kind = String.fromCharCode(...bytes.subarray(4, 8));
  const size = number(bytes, 0);
  if (size === 0) return { kind, size: Infinity }; // to the end of the file
  if (size !== 1) return { kind, size };
  if (bytes.length < 16) return null;
  return { kind, size: number(bytes, 8) * 2 ** 32 + number(bytes, 12) };
}

const number = (bytes, offset) =>
  new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0);

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
