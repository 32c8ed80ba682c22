// The HTTP API of this server, and its errors in words.

/** An error as the server describes it (RFC 9457), or as we do when it cannot. */
export class Problem extends Error {
  constructor(message, { param = null, status = 0 } = {}) {
    super(message);
    this.param = param;
    this.status = status;
  }
}

const UNREACHABLE =
  "The server cannot be reached. Check your connection and that Talkhead is still running, then try again.";

export const models = async () => (await json("/v1/models")).data;
export const avatars = async () => (await json("/v1/avatars")).data;
export const limits = () => json("/v1/limits");
export const videoRecord = (path) => json(path, { cache: "no-store" });
export const createAvatar = (form) => json("/v1/avatars", { method: "POST", body: form });
export const thumbnailOf = (id) => `/v1/avatars/${encodeURIComponent(id)}/thumbnail`;
export const deleteAvatar = (id) => call(`/v1/avatars/${encodeURIComponent(id)}`, { method: "DELETE" });

/** The response whose body is the video while it is made. Aborting the signal ends the work. */
export const streamVideo = (form, signal) => call("/v1/videos", { method: "POST", body: form, signal });

/** End a video that is being made, also where something between us and the server hides that we left. */
export const cancelVideo = (path) => call(`${path}/cancel`, { method: "POST" });

/** A file of the server, or null if there is none. */
export async function file(path) {
  const response = await reach(path);
  return response.ok ? response.blob() : null;
}

async function json(path, options) {
  return (await call(path, options)).json();
}

async function call(path, options) {
  const response = await reach(path, options);
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(UNREACHABLE);
  }
}

async function problemOf(response) {
  const { status } = response;
  if (!response.headers.get("Content-Type")?.includes("json")) {
    return new Problem(`The server answered ${status} ${response.statusText} without an explanation.`, { status });
  }
  const { detail, param, code } = await response.json();
  return new Problem(sentence(detail) + advice(code), { param, status });
}

/** Details start in lower case, for logs; people read sentences. */
export function sentence(text) {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

function advice(code) {
  return code === "capacity_exhausted" ? " Try again in a few seconds." : "";
}
