// SPDX-License-Identifier: Apache-2.0
// The operator's page: how each node is, its rates and latencies, and its parameters.
import { Connection } from "./connection.js";
import { ask, make } from "./nav.js";
import { plot, Series } from "./plot.js";

const LEVELS = ["ok", "warn", "error", "stale"];
const WORDS = { ok: "well", warn: "warning", error: "error", stale: "silent" };
const SILENT_S = 5; // without a word from a node
const PLOTTED = /^(in|out) (\S+) (\(Hz\)|age p95 \(ms\))$/;

const $ = (id) => document.getElementById(id);
const connection = new Connection();
const series = new Map(); // by node and quantity
let nodes = [];

connection.say("want", ["status"]);
connection.addEventListener("status", ({ detail }) => {
  nodes = detail.nodes;
  const now = performance.now() / 1000;
  for (const node of nodes) {
    for (const [key, value] of node.values) {
      if (PLOTTED.test(key) && node.age < 1.5) seriesOf(node.name, key).add(now, Number(value));
    }
  }
  render(now);
});
connection.addEventListener("down", ({ detail }) => {
  $("summary").textContent = detail || "No connection. Trying again…";
});

function seriesOf(node, key) {
  const name = `${node}\n${key}`;
  if (!series.has(name)) series.set(name, new Series());
  return series.get(name);
}

function levelOf(node) {
  return node.age > SILENT_S ? "stale" : (LEVELS[node.level] ?? "error");
}

function render(now) {
  const wrong = nodes.filter((node) => levelOf(node) !== "ok");
  $("summary").textContent = wrong.length
    ? `${wrong.length} of ${nodes.length} nodes need attention`
    : `All ${nodes.length} nodes are well`;
  const cards = new Map([...$("nodes").children].map((card) => [card.dataset.name, card]));
  for (const node of nodes) {
    const card = cards.get(node.name) ?? newCard(node.name);
    cards.delete(node.name);
    update(card, node, now);
    $("nodes").append(card);
  }
  for (const card of cards.values()) card.remove();
}

function newCard(name) {
  const card = make("section", { className: "node" });
  card.dataset.name = name;
  const button = make("button", { type: "button", textContent: "Parameters" });
  button.setAttribute("aria-label", `Parameters of ${name}`);
  button.addEventListener("click", () => openParameters(name));
  const figures = make("dl");
  card.append(
    make("header", {}, make("h2", { textContent: name }), make("span", { className: "level" })),
    make("p", { className: "message" }),
    make("div", { className: "plots" }),
    make("details", {}, make("summary", { textContent: "All figures" }), figures),
    button,
  );
  return card;
}

function update(card, node, now) {
  const level = levelOf(node);
  card.className = `node ${level}`;
  const part = (selector) => card.querySelector(selector);
  part(".level").textContent = WORDS[level];
  part(".message").textContent =
    level === "stale" ? `Nothing was heard of it for ${node.age.toFixed(0)} s` : node.message;
  part(".plots").replaceChildren(...plots(node, now));
  if (part("details").open || !part("dl").childElementCount) {
    part("dl").replaceChildren(
      ...node.values.flatMap(([key, value]) => [
        make("dt", { textContent: key }),
        make("dd", { textContent: value || "–" }),
      ]),
    );
  }
}

function plots(node, now) {
  return node.values
    .map(([key]) => [key, PLOTTED.exec(key)])
    .filter(([key, found]) => found && seriesOf(node.name, key).points.length)
    .map(([key, [, way, topic, quantity]]) => {
      const found = seriesOf(node.name, key);
      const unit = quantity === "(Hz)" ? "Hz" : "ms";
      const name = `${way === "in" ? "→" : "←"} ${topic.split("/").at(-1)}`;
      return make(
        "div",
        { className: "plot", title: key },
        make("span", { className: "name", textContent: unit === "ms" ? `${name}, age` : name }),
        plot(found, now, key),
        make("span", {
          className: "number",
          textContent: `${found.last.toFixed(unit === "Hz" ? 1 : 0)} ${unit}`,
        }),
      );
    });
}

// Parameters

$("close").addEventListener("click", () => $("parameters").close());

async function openParameters(name) {
  $("parameters-title").textContent = name;
  $("trouble").hidden = true;
  $("rows").replaceChildren();
  $("parameters").showModal();
  try {
    const found = await ask(path(name));
    if ($("parameters-title").textContent !== name) return;
    found.sort((a, b) => b.editable - a.editable);
    $("rows").replaceChildren(...found.map((parameter) => row(name, parameter)));
  } catch (error) {
    $("trouble").textContent = error.message;
    $("trouble").hidden = false;
  }
}

const path = (node) => `/api/nodes/${encodeURIComponent(node)}/parameters`;

function row(node, parameter) {
  const { name, description, unit, minimum, maximum, editable } = parameter;
  const limits = minimum === null ? "" : `; from ${minimum} to ${maximum}`;
  const about = make("p", { className: "about", textContent: description + limits });
  const made = make("div", { className: "parameter" });
  if (!editable) {
    const told = `${parameter.value}${unit ? ` ${unit}` : ""}`;
    made.append(
      make("span", { className: "name", textContent: name }),
      make("span", { className: "field", textContent: told }),
      about,
    );
    return made;
  }
  const field = fieldOf(parameter);
  field.id = `parameter-${name}`;
  const label = make("label", {
    htmlFor: field.id,
    textContent: unit ? `${name} (${unit})` : name,
  });
  const refused = make("p", { className: "refused", hidden: true });
  refused.setAttribute("role", "alert");
  field.addEventListener("change", () => change(node, parameter, field, refused));
  made.append(label, make("span", { className: "field" }, field), about, refused);
  return made;
}

function fieldOf({ type, value, choices, minimum, maximum }) {
  if (choices.length || type === "bool") {
    const field = make("select");
    const values = choices.length ? choices : ["true", "false"];
    field.append(...values.map((one) => new Option(one, one)));
    field.value = String(value);
    return field;
  }
  if (type === "string") return make("input", { type: "text", value });
  const field = make("input", { type: "number", value: String(value) });
  field.step = type === "integer" ? "1" : "any";
  if (minimum !== null) Object.assign(field, { min: minimum, max: maximum });
  return field;
}

function valueOf(type, field) {
  if (type === "bool") return field.value === "true";
  return type === "string" ? field.value : Number(field.value);
}

async function change(node, parameter, field, refused) {
  refused.hidden = true;
  if (field.type === "number" && field.value === "") {
    // Empty, or no number: neither is a 0.
    field.value = String(parameter.value);
    return;
  }
  const value = valueOf(parameter.type, field);
  try {
    const answer = await ask(path(node), {
      method: "POST",
      body: JSON.stringify({ name: parameter.name, type: parameter.type, value }),
    });
    if (answer.refused) throw new Error(answer.refused);
    parameter.value = value;
  } catch (error) {
    refused.textContent = error.message;
    refused.hidden = false;
    field.value = String(parameter.value);
  }
}

connection.open();
