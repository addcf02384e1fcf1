// SPDX-License-Identifier: Apache-2.0
// The flash when a picture was taken, and the small pictures of this session.
import { text } from "./texts.js";

const NEW_S = 10; // a capture that is older was taken before this page was opened
const SHOWN = 4;

/** Show a picture that was taken: a message `capture`. */
export function showCapture(list, detail) {
  if (detail.age >= NEW_S) return;
  if (list.querySelector(`[data-name="${CSS.escape(detail.name)}"]`)) return;
  const item = document.createElement("li");
  item.dataset.name = detail.name;
  const image = document.createElement("img");
  image.src = `/api/captures/${encodeURIComponent(detail.name)}/thumbnail`;
  image.alt = `${text("image")}: ${detail.label}`;
  image.addEventListener("error", () => item.remove());
  const link = document.createElement("a");
  link.href = "/captures";
  link.append(image);
  item.append(link);
  list.prepend(item);
  while (list.children.length > SHOWN) list.lastChild.remove();
  flash();
}

function flash() {
  document.body.classList.remove("flashed");
  requestAnimationFrame(() => document.body.classList.add("flashed"));
  setTimeout(() => document.body.classList.remove("flashed"), 1500);
}
