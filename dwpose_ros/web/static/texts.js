// SPDX-License-Identifier: Apache-2.0
// The pages' texts in a language, and its direction.

const RIGHT_TO_LEFT = new Set(["ar", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);
let texts = {};

// The cookie has the token now: it is not to be read over a shoulder, or kept in a history.
if (new URLSearchParams(location.search).has("token")) {
  history.replaceState(null, "", location.pathname);
}

/** "rtl" or "ltr", for a language's code such as "he" or "pt-BR". */
export function direction(language) {
  return RIGHT_TO_LEFT.has(language.toLowerCase().split(/[-_]/)[0]) ? "rtl" : "ltr";
}

/** The BCP 47 tag of a language's file, such as "pt-BR" of "pt_BR"; empty if it is none. */
function tag(language) {
  try {
    return Intl.getCanonicalLocales(language.replaceAll("_", "-"))[0] ?? "";
  } catch {
    return "";
  }
}

/** A text by its name, with what is in braces filled in; the name itself where there is none. */
export function text(name, fields = {}) {
  const found = Object.hasOwn(texts, name) ? texts[name] : name.replaceAll("_", " ");
  return found.replace(/\{(\w+)\}/g, (all, field) => fields[field] ?? all);
}

/** Load a language, and put its texts where `data-text` and `data-label` name them. */
export async function speak(language) {
  const answer = await fetch(`/api/texts/${encodeURIComponent(language)}`);
  if (!answer.ok) return false;
  texts = await answer.json();
  document.documentElement.lang = tag(language);
  document.documentElement.dir = direction(language);
  fill(document);
  return true;
}

/** Put the texts into the elements below one. */
export function fill(root) {
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
    if (element.tagName === "BUTTON") element.title = text(element.dataset.label);
  }
}

/** The language that was chosen on this device, if any. */
export function chosenLanguage() {
  try {
    return localStorage.getItem("language");
  } catch {
    return null;
  }
}

/** Remember the language on this device. */
export function chooseLanguage(language) {
  try {
    localStorage.setItem("language", language);
  } catch {
    // private windows may keep nothing
  }
}
