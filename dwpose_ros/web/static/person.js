// SPDX-License-Identifier: Apache-2.0
// The person's page: a mirror, what to do, and the pictures taken.
import { BrowserCamera } from "./camera.js";
import { renderChecks, renderRing } from "./checks.js";
import { options, profileChoices } from "./choices.js";
import { Connection } from "./connection.js";
import { figure } from "./figures.js";
import { Mirror } from "./mirror.js";
import { drawSkeletons } from "./skeleton.js";
import { chooseLanguage, chosenLanguage, speak, text } from "./texts.js";
import { showCapture } from "./thumbs.js";
import { Tones } from "./tones.js";
import { Voice } from "./voice.js";

const SILENT_MS = 4000; // without a picture, a pose or a word of the guidance
const LONG = 42; // characters, from which on the words are smaller
const SIZES = ["640x480", "1280x720", "1920x1080"];

const $ = (id) => document.getElementById(id);
const connection = new Connection();
const voice = new Voice();
const tones = new Tones();
const camera = new BrowserCamera($("self"));
const state = {
  up: false,
  down: "", // why, if the server told
  settings: null,
  language: "",
  guidance: null,
  guidedAt: 0, // when that came
  posedAt: 0, // when a pose came
  goal: { state: "none", why: "" },
  profile: "",
  camera: false, // whether a browser is the camera
  cameraTrouble: "",
  seenAt: performance.now(), // the last picture
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
  state.posedAt = performance.now();
  if (camera.on) state.seenAt = state.posedAt;
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
  if (!state.up) return ["offline", state.down || text("reconnecting"), "", "capture_failed"];
  if (needsCamera()) return ["camera", text("camera_needed"), problem(), "notice"];
  if (performance.now() - state.seenAt > SILENT_MS && !camera.on) {
    return ["trouble", text("no_image"), "", "capture_failed"];
  }
  if (idle()) return ["idle", text("title"), outcome(), ""];
  const ended = performance.now() - state.guidedAt > SILENT_MS;
  if (!told || ended || told.code === "no_pose" || !told.text) {
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
  if (performance.now() - state.posedAt > SILENT_MS) drawSkeletons($("skeleton"), null);
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
  renderChecks(
    $("checks"),
    ["adjusting", "holding", "searching"].includes(how) ? state.guidance.checks : [],
  );
  renderRing($("ring"), how === "holding" ? state.guidance : null);
}

connection.addEventListener("up", () => {
  state.up = true;
  state.seenAt = performance.now();
  render();
});
connection.addEventListener("down", ({ detail }) => {
  state.up = false;
  state.down = detail;
  state.guidance = null;
  voice.stop();
  drawSkeletons($("skeleton"), null);
  render();
});
connection.addEventListener("guidance", ({ detail }) => {
  state.guidance = detail;
  state.guidedAt = performance.now();
  render();
});
connection.addEventListener("goal", ({ detail }) => {
  state.goal = detail;
  render();
});
setInterval(render, 500);

connection.addEventListener("capture", ({ detail }) => showCapture($("thumbs"), detail));

// The voice

connection.addEventListener("speech", ({ detail }) => {
  voice.language = detail.language;
  voice.say(detail.text);
});
connection.addEventListener("speaker", ({ detail }) => {
  $("speaker").value = detail.who;
  renderVoice();
});
voice.addEventListener("speaking", ({ detail }) => {
  tones.quiet = detail;
  connection.say("speaking", detail);
});
connection.addEventListener("tone", ({ detail }) => tones.play(detail));
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
  if (!detail.profiles.includes(state.profile)) state.profile = detail.profile;
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

function renderSettings() {
  const { languages, profiles, camera: wanted, camera_size: asked } = state.settings;
  options($("language"), Object.entries(languages), state.language);
  const names = profiles.map((name) => [name, text(name)]);
  options($("profile"), names, state.profile);
  profileChoices($("profiles"), names, chooseProfile);
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

let awake = false;

async function keepAwake() {
  awake = true;
  await navigator.wakeLock?.request("screen").catch(() => {}); // not allowed, or no battery left
}

// A browser takes it back while the page is hidden.
document.addEventListener("visibilitychange", () => {
  if (awake && document.visibilityState === "visible") keepAwake();
});

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
camera.addEventListener("refused", () => (state.cameraTrouble = "camera_refused"));
connection.addEventListener("camera", ({ detail }) => {
  state.camera = detail.connected;
  if (!state.camera && state.cameraTrouble === "camera_taken") state.cameraTrouble = "";
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
