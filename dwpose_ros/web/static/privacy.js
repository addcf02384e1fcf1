// SPDX-License-Identifier: Apache-2.0
// Tells that pictures are taken, where they are kept, and for how long.
import { ask, useOwnLanguage } from "./nav.js";
import { text } from "./texts.js";

await useOwnLanguage();
const { folder, keep_hours: hours } = await ask("/api/kept");
document.getElementById("kept").textContent = text(hours ? "kept_hours" : "kept", {
  folder,
  hours,
});
