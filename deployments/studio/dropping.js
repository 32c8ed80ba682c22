// Files dropped on the page or pasted into it: pictures and sounds.

import { byId } from "./dom.js";

export function acceptFiles({ onPicture, onSound }) {
  const hint = byId("drop-hint");
  const take = (files) => {
    for (const file of files) (isSound(file) ? onSound : onPicture)(file);
  };
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    hint.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) hint.hidden = true; // it left the window
  });
  document.addEventListener("drop", (event) => {
    hint.hidden = true;
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
}

const isSound = ({ type }) => type.startsWith("audio/") || type.startsWith("video/");
