// SPDX-License-Identifier: Apache-2.0
// Which checks hold, in few words, and the ring of the countdown.
import { tick } from "./figures.js";
import { text } from "./texts.js";

// What is told of the checks: few words for many names.
const CHECKS = {
  alone: ["somebody", "one_person"],
  distance: ["too_close", "too_far"],
  inside: ["cut_off", "visible"],
  centred: ["centred"],
  facing: ["facing"],
  looking: ["looking"],
  posture: ["upright", "arms_away", "arms_side", "arms_up", "arms_straight", "feet_apart"],
  hands: ["open_hands", "fingers_spread", "held_up"],
  light: ["light"],
  sharp: ["sharp"],
  still: ["still"],
};

/** Show the checks in a list: those of a message `guidance`. */
export function renderChecks(list, checks) {
  const rows = [];
  for (const [name, members] of Object.entries(CHECKS)) {
    const found = checks.filter(([check]) => members.includes(check));
    if (found.length) rows.push([name, found.every(([, ok]) => ok)]);
  }
  const key = JSON.stringify([rows, document.documentElement.lang]);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(
    ...rows.map(([name, ok]) => {
      const row = document.createElement("li");
      row.className = ok ? "ok" : "";
      const told = document.createElement("span");
      told.className = "unseen";
      told.textContent = `: ${text(ok ? "ok" : "not_yet")}`;
      const mark = tick(ok);
      mark.setAttribute("aria-hidden", "true");
      row.append(mark, text(`check_${name}`), told);
      return row;
    }),
  );
}

let longest = 0; // of this hold, s

/** Show in a ring how much of the hold is over; none hides it. */
export function renderRing(ring, told) {
  ring.toggleAttribute("hidden", !told || !(told.hold > 0));
  if (!told) {
    longest = 0;
    return;
  }
  longest = Math.max(longest, told.hold);
  const done = longest ? 1 - told.hold / longest : 0;
  ring.querySelector(".front").style.strokeDashoffset = String(100 * (1 - done));
  ring.querySelector("text").textContent = String(Math.ceil(told.hold) || "");
}
