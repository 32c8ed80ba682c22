// The studio: what was chosen goes to the server, what comes back plays. Read this file first.

import * as api from "./api.js";
import { EngineControls } from "./controls.js";
import { byId, showError } from "./dom.js";
import { acceptFiles } from "./dropping.js";
import { COMPLETE, CUT, Making, STOPPED } from "./making.js";
import { frames, seconds } from "./meter.js";
import { PortraitChoice } from "./portrait.js";
import { Saving } from "./saving.js";
import { SpeechChoice } from "./speech.js";
import { Stage } from "./stage.js";

const USUAL_LEAD_S = 10; // until /v1/limits has told

let lead = USUAL_LEAD_S;
let making = null; // while one is being made
let shown = null; // the one in the player

const stage = new Stage();
const portrait = new PortraitChoice((picture) => making || stage.showStill(picture));
const speech = new SpeechChoice();
const controls = new EngineControls();
const saving = new Saving((avatar) => {
  portrait.addAvatar(avatar, { select: true });
  stage.say(`Saved. “${avatar.name || "Avatar"}” is now among the portraits.`);
});

async function make() {
  speech.hush();
  shown?.close();
  making = shown = new Making(stage.video, lead); // in the click, so that sound may play
  const { name, savable } = portrait;
  const form = requestForm(savable && ((picture) => saving.offer(picture, name)));
  stage.begin();
  working(true);
  making.meter.firstPicture(stage.video).then((time) => stage.firstPicture(time));
  const progress = progressOf(making);
  try {
    const ending = await making.run(form, progress);
    await conclude(making, ending, savable);
  } catch (problem) {
    stage.end(null, {});
    stage.say("No video was made.");
    explain(problem);
  } finally {
    making = null;
    working(false);
  }
}

async function requestForm(onPortrait) {
  const fields = { ...(await portrait.fields()), ...speech.fields() };
  if (onPortrait) onPortrait(fields.portrait);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("options", JSON.stringify(controls.options()));
  form.set("stream", "true");
  return form;
}

/** A function to call after every arrival of bytes. */
function progressOf(making) {
  let total = 0;
  let asked = false;
  const learnTotal = async () => {
    asked = true;
    const record = await api.videoRecord(making.recordPath).catch(() => null);
    total = frames(record?.seconds ?? 0); // 0: it is shown without
    making.expect(seconds(total));
  };
  return () => {
    if (!asked && making.recordPath) learnTotal();
    const factor = making.meter.realTimeFactor;
    stage.made(making.frames, total, factor);
    stage.say(phase(making, factor));
  };
}

function phase({ playsLive }, factor) {
  if (!playsLive) return "This browser cannot play a video while it is made: it plays as soon as it is complete.";
  if (factor > 1.05) return "It is made more slowly than it plays, so the playback pauses now and then.";
  return "Playing while it is being made.";
}

async function conclude(making, ending, savable) {
  const record = making.recordPath && (await api.videoRecord(making.recordPath).catch(() => null));
  stage.end(making, { complete: ending === COMPLETE, savable });
  stage.warn(record?.warnings ?? []);
  const length = `${seconds(making.frames).toFixed(1)} s`;
  const why = record?.error ? api.sentence(record.error.message) : "The connection broke off.";
  stage.say({
    [COMPLETE]: `Done: ${length} of video.`,
    [STOPPED]: making.frames ? `Stopped after ${length}.` : "Stopped before anything was made.",
    [CUT]: `The video is incomplete: it ends after ${length}. ${why}`,
  }[ending]);
}

/** Say what went wrong next to what caused it. */
function explain(problem) {
  const param = problem.param ?? "";
  if (["portrait", "avatar", "id"].includes(param)) portrait.fail(problem.message);
  else if (param === "audio") speech.fail(problem.message);
  else if (!controls.fail(param, problem.message)) showError("general-error", problem.message);
}

function working(now) {
  const [make, stop] = [byId("make"), byId("stop")];
  const hadFocus = [make, stop, document.body].includes(document.activeElement);
  make.disabled = now;
  make.textContent = now ? "Making the video…" : "Make the video";
  if (hadFocus) (now ? stop : make).focus({ preventScroll: true });
  const below = byId("stage").getBoundingClientRect().top > window.innerHeight / 2; // on a phone
  if (now && below) byId("stage").scrollIntoView({ behavior: "smooth" });
}

async function load() {
  try {
    const [models, avatars, limits] = await Promise.all([api.models(), api.avatars(), api.limits()]);
    controls.show(models);
    avatars.forEach((avatar) => portrait.addAvatar(avatar));
    portrait.limit(limits.portrait_bytes);
    speech.limit(limits.upload_bytes);
    lead = limits.lead_seconds;
    byId("make").disabled = false;
    await speech.loadExample();
  } catch (problem) {
    showError("general-error", `${problem.message} Then reload this page.`);
  }
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  controls.clearErrors();
  const ready = [portrait.check(), speech.check()];
  if (!making && ready.every(Boolean)) make();
});
byId("stop").addEventListener("click", () => {
  making?.stop();
  stage.video.pause();
});
stage.video.addEventListener("ended", () => !making && shown?.replayable());
acceptFiles({ onPicture: (file) => portrait.addOwn(file), onSound: (file) => speech.addFile(file) });
load();
