// SPDX-License-Identifier: Apache-2.0
// The person's page: themselves in a mirror, what to do, and the pictures taken.
import { BrowserCamera } from "./camera.js";
import { Connection } from "./connection.js";
import { figure, profileFigure, tick } from "./figures.js";
import { Mirror } from "./mirror.js";
import { drawSkeletons } from "./skeleton.js";
import { chooseLanguage, chosenLanguage, speak, text } from "./texts.js";
import { Voice } from "./voice.js";

const NO_IMAGE_MS = 4000;
const NEW_S = 10; // a capture that is older was taken before this page was opened
const SHOWN_THUMBS = 4;
const LONG = 42; // characters, from which on the words are smaller
const SIZES = ["640x480", "1280x720", "1920x1080"];
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

const $ = (id) => document.getElementById(id);
const connection = new Connection();
const voice = new Voice();
const camera = new BrowserCamera($("self"));
const state = {
  up: false,
  settings: null,
  language: "",
  guidance: null,
  goal: { state: "none", why: "" },
  profile: "",
  camera: false, // whether a browser is the camera
  cameraTrouble: "",
  seenAt: performance.now(), // the last picture
  longest: 0, // of this hold, s
  shown: "", // what is on the page, to leave it alone if nothing has changed
};

// The picture

window.screenStats = { pictures: 0, stamps: [] }; // for tests and measurements
const mirror = new Mirror($("picture"), (stamp) => {
  connection.send("got");
  if (stamp === null) return;
  state.seenAt = performance.now();
  const stats = window.screenStats;
  stats.pictures += 1;
  requestAnimationFrame(() => {
    stats.stamps.push([stamp, (performance.timeOrigin + performance.now()) / 1000]);
    if (stats.stamps.length > 300) stats.stamps.shift();
  });
});

function want() {
  const visible = document.visibilityState === "visible";
  const wants = ["page"];
  if (visible && !camera.on) wants.push("picture");
  if (visible && $("show-skeleton").checked) wants.push("pose");
  connection.say("want", wants);
}

connection.addEventListener("picture", ({ detail }) => mirror.show(detail));
connection.addEventListener("pose", ({ detail }) => {
  if (camera.on) state.seenAt = performance.now();
  drawSkeletons($("skeleton"), $("show-skeleton").checked ? detail : null);
});
$("show-skeleton").addEventListener("change", () => {
  drawSkeletons($("skeleton"), null);
  want();
});
document.addEventListener("visibilitychange", want);

// Words

/** What the page says now: its state, the words, a smaller line, and a figure. */
function saying() {
  const told = state.guidance;
  if (!state.up) return ["offline", text("reconnecting"), "", "capture_failed"];
  if (needsCamera()) return ["camera", text("camera_needed"), problem(), "notice"];
  if (performance.now() - state.seenAt > NO_IMAGE_MS && !camera.on) {
    return ["trouble", text("no_image"), "", "capture_failed"];
  }
  if (idle()) return ["idle", text("title"), outcome(), ""];
  if (!told || told.code === "no_pose" || !told.text) {
    return ["waiting", text("waiting"), "", "one_moment"];
  }
  const step = told.step ? text("step", { step: told.step }) : "";
  return [told.state, told.text, step, told];
}

function idle() {
  const open = ["asked", "guiding"].includes(state.goal.state);
  return !open && (!state.guidance || state.guidance.state === "idle");
}

function needsCamera() {
  return state.settings?.camera && !state.camera && !camera.on;
}

function problem() {
  return state.cameraTrouble ? text(state.cameraTrouble) : "";
}

/** How the last session ended. */
function outcome() {
  const { state: how, why } = state.goal;
  if (how === "succeeded") return text("taken");
  if (how === "cancelled") return text("stopped");
  return how === "failed" ? `${text("failed")} ${why}`.trim() : "";
}

function render() {
  const [how, words, detail, drawn] = saying();
  const told = typeof drawn === "string" ? { code: drawn } : drawn;
  const open = ["asked", "guiding"].includes(state.goal.state);
  const shown = JSON.stringify([how, words, detail, told.code, told.part, told.count, open]);
  if (shown !== state.shown) {
    state.shown = shown;
    document.body.dataset.state = how;
    document.body.classList.toggle("long", words.length > LONG);
    $("instruction").textContent = words;
    $("detail").textContent = detail;
    $("figure").replaceChildren(...[figure(told)].filter(Boolean));
  }
  $("choice").hidden = $("start").hidden = how !== "idle";
  $("stop").hidden = !open;
  $("use-camera").hidden = how !== "camera";
  $("use-camera").textContent = text(
    state.cameraTrouble === "camera_taken" ? "camera_take" : "camera_start",
  );
  renderChecks(["adjusting", "holding", "searching"].includes(how) ? state.guidance.checks : []);
  renderRing(how === "holding" ? state.guidance : null);
}

function renderChecks(checks) {
  const rows = [];
  for (const [name, members] of Object.entries(CHECKS)) {
    const found = checks.filter(([check]) => members.includes(check));
    if (found.length) rows.push([name, found.every(([, ok]) => ok)]);
  }
  const list = $("checks");
  const key = JSON.stringify([rows, state.language]);
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

function renderRing(told) {
  const ring = $("ring");
  ring.toggleAttribute("hidden", !told || !(told.hold > 0));
  if (!told) {
    state.longest = 0;
    return;
  }
  state.longest = Math.max(state.longest, told.hold);
  const done = state.longest ? 1 - told.hold / state.longest : 0;
  ring.querySelector(".front").style.strokeDashoffset = String(100 * (1 - done));
  ring.querySelector("text").textContent = String(Math.ceil(told.hold) || "");
}

connection.addEventListener("up", () => {
  state.up = true;
  state.seenAt = performance.now();
  render();
});
connection.addEventListener("down", () => {
  state.up = false;
  state.guidance = null;
  voice.stop();
  drawSkeletons($("skeleton"), null);
  render();
});
connection.addEventListener("guidance", ({ detail }) => {
  state.guidance = detail;
  render();
});
connection.addEventListener("goal", ({ detail }) => {
  state.goal = detail;
  render();
});
setInterval(render, 500);

// Pictures that were taken

connection.addEventListener("capture", ({ detail }) => {
  const list = $("thumbs");
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
  while (list.children.length > SHOWN_THUMBS) list.lastChild.remove();
  if (detail.age < NEW_S) flash();
  else item.remove();
});

function flash() {
  document.body.classList.remove("flashed");
  requestAnimationFrame(() => document.body.classList.add("flashed"));
  setTimeout(() => document.body.classList.remove("flashed"), 1500);
}

// The voice

connection.addEventListener("speech", ({ detail }) => {
  voice.language = detail.language;
  voice.say(detail.text);
});
connection.addEventListener("speaker", ({ detail }) => {
  $("speaker").value = detail.who;
  renderVoice();
});
voice.addEventListener("speaking", ({ detail }) => connection.say("speaking", detail));
voice.addEventListener("change", renderVoice);
$("speaker").addEventListener("change", () => {
  connection.send("speaker", { value: $("speaker").value });
});

function renderVoice() {
  connection.say("voice", voice.ready);
  $("no-voice").hidden = !["page", "both"].includes($("speaker").value) || Boolean(voice.voice);
}

// Start, stop, language and profile

$("start").addEventListener("click", begin);
$("begin").addEventListener("click", () => {
  $("settings").close();
  begin();
});
$("stop").addEventListener("click", () => connection.send("cancel"));

function begin() {
  $("thumbs").replaceChildren();
  connection.send("start", { profile: state.profile, language: state.language });
  keepAwake();
}

function chooseProfile(name) {
  state.profile = name;
  $("profile").value = name;
  for (const choice of document.querySelectorAll("#profiles input")) {
    choice.checked = choice.value === name;
  }
}

async function useLanguage(language) {
  if (!language || language === state.language || !(await speak(language))) return;
  state.language = language;
  state.shown = "";
  $("language").value = language;
  if (state.settings) renderSettings();
  render();
}

connection.addEventListener("settings", async ({ detail }) => {
  state.settings = detail;
  state.profile ||= detail.profile;
  for (const element of [$("picture"), $("skeleton"), $("self")]) {
    element.classList.toggle("mirrored", !detail.mirrored);
  }
  const chosen = chosenLanguage();
  await useLanguage(Object.hasOwn(detail.languages, chosen) ? chosen : detail.language);
  renderSettings();
  render();
});
connection.addEventListener("language", ({ detail }) => {
  voice.language = detail.language;
  if (!chosenLanguage() && state.settings?.languages[detail.language])
    useLanguage(detail.language);
});

function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, name]) => new Option(name, value)));
  select.value = chosen;
}

function renderSettings() {
  const { languages, profiles, camera: wanted, camera_size: asked } = state.settings;
  options($("language"), Object.entries(languages), state.language);
  const names = profiles.map((name) => [name, text(name)]);
  options($("profile"), names, state.profile);
  $("profiles").replaceChildren(
    ...names.map(([value, name]) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "profile", value, className: "unseen" });
      input.addEventListener("change", () => chooseProfile(value));
      const drawing = profileFigure(value);
      drawing.setAttribute("aria-hidden", "true");
      label.append(input, drawing, name);
      return label;
    }),
  );
  chooseProfile(state.profile);
  $("camera-fields").hidden = !wanted;
  const own = asked.join("x");
  const sizes = SIZES.includes(own) ? SIZES : [own, ...SIZES];
  const named = sizes.map((size) => {
    const [width, height] = size.split("x");
    return [size, text("size", { width, height })];
  });
  options($("size"), named, $("size").value || own);
}

$("language").addEventListener("change", () => {
  chooseLanguage($("language").value);
  useLanguage($("language").value);
});
$("profile").addEventListener("change", () => chooseProfile($("profile").value));
$("open-settings").addEventListener("click", () => $("settings").showModal());
$("close-settings").addEventListener("click", () => $("settings").close());
$("full").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
});

async function keepAwake() {
  await navigator.wakeLock?.request("screen").catch(() => {}); // not allowed, or no battery left
}

// This browser as the camera

function startCamera() {
  const [width, height] = $("size").value.split("x").map(Number);
  const take = state.cameraTrouble === "camera_taken" || state.camera;
  state.cameraTrouble = "";
  camera.start({ facing: $("facing").value, width, height, take });
}

$("use-camera").addEventListener("click", startCamera);
$("camera-start").addEventListener("click", startCamera);
$("camera-stop").addEventListener("click", () => camera.stop());
camera.addEventListener("on", () => {
  keepAwake();
  renderCamera();
});
camera.addEventListener("off", ({ detail }) => {
  state.cameraTrouble = detail;
  renderCamera();
});
camera.addEventListener("refused", () => {
  state.cameraTrouble = "camera_refused";
});
connection.addEventListener("camera", ({ detail }) => {
  state.camera = detail.connected;
  render();
});

function renderCamera() {
  $("self").hidden = !camera.on;
  $("picture").hidden = camera.on;
  $("camera-start").hidden = camera.on;
  $("camera-stop").hidden = !camera.on;
  state.seenAt = performance.now();
  want();
  render();
}

want();
renderVoice();
connection.open();
