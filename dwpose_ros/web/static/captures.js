// SPDX-License-Identifier: Apache-2.0
// The gallery: the newest pictures that lie in the folder, by session.
import { ask, make, useOwnLanguage } from "./nav.js";
import { fill, text } from "./texts.js";

const $ = (id) => document.getElementById(id);
const address = (name, kind, download = false) =>
  `/api/captures/${encodeURIComponent(name)}/${kind}${download ? "?download" : ""}`;

function when(seconds) {
  const format = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(document.documentElement.lang || undefined, format).format(
    seconds * 1000,
  );
}

function grade(capture) {
  return capture.quality === null ? "" : text("quality", { score: capture.quality });
}

async function show() {
  $("trouble").hidden = true;
  let found;
  try {
    found = await ask("/api/captures");
  } catch (error) {
    complain(error);
    found = { sessions: [] };
  }
  $("none").hidden = found.sessions.length > 0 || !$("trouble").hidden;
  $("sessions").replaceChildren(...found.sessions.map(session));
}

function complain(error) {
  $("trouble").textContent = error.message;
  $("trouble").hidden = false;
}

function session(captures) {
  const ends = [captures[0].name, captures.at(-1).name];
  const heading = make("h2", { textContent: when(captures.at(-1).time_s) });
  const path = `/api/sessions/${ends.map(encodeURIComponent).join("/")}`;
  const all = make("a", {
    className: "button",
    href: `${path}/zip`,
    textContent: text("download_all"),
  });
  all.download = "";
  const remove = make("button", { className: "danger", textContent: text("delete_all") });
  remove.addEventListener("click", () => removeAfterAsking(path, captures.length));
  const tiles = make("ul", { className: "tiles" }, ...captures.map(tile));
  return make(
    "section",
    { className: "session" },
    make("header", {}, heading, all, remove),
    tiles,
  );
}

function tile(capture) {
  const image = make("img", { src: address(capture.name, "thumbnail"), alt: "", loading: "lazy" });
  const about = make(
    "span",
    { className: "about" },
    make("span", { className: "label", textContent: words(capture.label) }),
    make("span", { className: "grade", textContent: grade(capture) }),
  );
  const button = make("button", {}, image, about);
  button.addEventListener("click", () => open(capture));
  return make("li", {}, button);
}

/** A label such as "turnaround_front", in words. */
function words(label) {
  const profile = text(label);
  return profile === label ? label.replaceAll("_", " ") : profile;
}

function open(capture) {
  const image = make("img", { src: address(capture.name, "image"), alt: words(capture.label) });
  const drawn = make("input", { type: "checkbox" });
  drawn.addEventListener("change", () => {
    image.src = address(capture.name, drawn.checked ? "overlay" : "image");
  });
  const overlay = make("label", { className: "tick" }, drawn, text("with_overlay"));
  overlay.hidden = !capture.kinds.includes("overlay");
  const left = make("div", {}, image, overlay);
  const title = `${words(capture.label)} · ${when(capture.time_s)}`;
  const right = make(
    "div",
    {},
    make("h2", { textContent: title }),
    ...worth(capture),
    ...choices(capture),
  );
  $("one").replaceChildren(make("div", { className: "view" }, left, right));
  $("one").showModal();
}

/** The measures of quality in words, and why other pictures were not taken. */
function worth(capture) {
  const parts = [];
  const measures = Object.entries(capture.measures).sort((a, b) => a[1] - b[1]);
  if (measures.length) {
    parts.push(
      make("h3", { textContent: grade(capture) }),
      make("ul", { className: "measures" }, ...measures.map(measure)),
    );
  }
  if (capture.rejected.length) {
    const list = make("ul", { className: "rejected", tabIndex: 0 });
    list.append(...capture.rejected.map((line) => make("li", { textContent: line, dir: "ltr" })));
    parts.push(make("h3", { textContent: text("rejected") }), list);
  }
  return parts;
}

function measure([name, score]) {
  const bar = make("meter", { min: 0, max: 100, low: 30, high: 60, optimum: 100, value: score });
  bar.setAttribute("aria-label", text(name));
  const number = make("span", { className: "number", textContent: score });
  return make("li", {}, make("span", { textContent: text(name) }), bar, number);
}

function choices(capture) {
  const kinds = [
    ["image", "download"],
    ["pose", "pose"],
    ["openpose", "openpose"],
  ];
  const links = kinds
    .filter(([kind]) => capture.kinds.includes(kind === "openpose" ? "pose" : kind))
    .map(([kind, name]) => {
      const href = address(capture.name, kind, true);
      return make("a", { className: "button", href, download: "", textContent: text(name) });
    });
  const remove = make("button", { className: "danger", textContent: text("delete") });
  remove.addEventListener("click", () => {
    $("one").close();
    removeAfterAsking(`/api/captures/${encodeURIComponent(capture.name)}`, 1);
  });
  const close = make("button", { textContent: text("close") });
  close.addEventListener("click", () => $("one").close());
  return [make("div", { className: "choices" }, ...links, remove, close)];
}

function removeAfterAsking(path, count) {
  $("question").textContent = text("confirm_delete", { count });
  $("yes").onclick = async () => {
    $("sure").close();
    try {
      await ask(path, { method: "DELETE" });
    } catch (error) {
      complain(error);
      return;
    }
    show();
  };
  $("no").onclick = () => $("sure").close();
  $("sure").showModal();
}

await useOwnLanguage();
fill(document);
show();
