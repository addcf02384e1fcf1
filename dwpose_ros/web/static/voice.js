// SPDX-License-Identifier: Apache-2.0
// The browser's voice: says one sentence at a time, a new one in place of the last.

const RATE = 1.0;

export class Voice extends EventTarget {
  #language = "en";
  #current = null;

  constructor() {
    super();
    if (!window.speechSynthesis) return;
    speechSynthesis.addEventListener?.("voiceschanged", () => this.#changed());
    // Browsers let a page speak once somebody has touched it.
    for (const event of ["pointerdown", "keydown"]) {
      addEventListener(event, () => setTimeout(() => this.#changed()), { once: true });
    }
    addEventListener("pagehide", () => this.stop());
  }

  /** Speak in this language from now on. */
  set language(code) {
    this.#language = code;
    this.#changed();
  }

  /** The browser's voice for the language; undefined if it has none. */
  get voice() {
    const main = (code) => code.toLowerCase().split(/[-_]/)[0];
    return window.speechSynthesis
      ?.getVoices()
      .find((voice) => main(voice.lang) === main(this.#language));
  }

  /** Whether it would be heard: there is a voice, and the browser lets the page speak. */
  get ready() {
    return Boolean(this.voice) && navigator.userActivation?.hasBeenActive !== false;
  }

  /** Say a text in place of what is being said; nothing ends that. */
  say(words) {
    this.stop();
    const voice = this.voice;
    if (!words || !voice) return;
    const said = new SpeechSynthesisUtterance(words);
    said.voice = voice;
    said.lang = voice.lang;
    said.rate = RATE;
    said.onend = said.onerror = () => this.#ended(said);
    this.#current = said;
    this.#tell(true);
    speechSynthesis.speak(said);
  }

  /** Be silent at once. */
  stop() {
    const said = this.#current;
    this.#current = null;
    window.speechSynthesis?.cancel();
    if (said) this.#tell(false);
  }

  #ended(said) {
    if (said !== this.#current) return; // another one is being said already
    this.#current = null;
    this.#tell(false);
  }

  #tell(speaks) {
    this.dispatchEvent(new CustomEvent("speaking", { detail: speaks }));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
