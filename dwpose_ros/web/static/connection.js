// SPDX-License-Identifier: Apache-2.0
// The WebSocket `/live`: what is shown, and what the page asks for. It comes back by itself.

const SLOWEST_MS = 3000;
const LOOK_MS = 500;
const SILENT = 6; // looks without a message after which the network is taken to be cut

/** The address of a WebSocket of this server. */
export function socketAddress(path) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

export class Connection extends EventTarget {
  #socket = null;
  #failed = 0;
  #said = new Map();

  /** Events: "up", "down" (detail: why, if the server told), "picture" (detail: {stamp, jpeg}), and
   * one for each kind of message. */
  open() {
    const socket = new WebSocket(socketAddress("/live"));
    socket.binaryType = "arraybuffer";
    // The server sends something every second. Where a network is cut, nobody closes a connection.
    let silent = 0;
    const watch = setInterval(() => {
      silent += 1; // looks are counted, not time: a page that was asleep has missed nothing yet
      if (silent > SILENT) end();
    }, LOOK_MS);
    const end = (closed) => {
      clearInterval(watch);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      this.#closed(closed?.reason ?? "");
    };
    socket.onopen = () => {
      this.#failed = 0;
      this.#socket = socket;
      for (const message of this.#said.values()) this.#send(message);
      this.dispatchEvent(new Event("up"));
    };
    socket.onmessage = ({ data }) => {
      silent = 0;
      this.#receive(data);
    };
    socket.onclose = end;
  }

  /** Ask for something once; it is lost without a connection. */
  send(kind, fields = {}) {
    this.#send({ kind, ...fields });
  }

  /** Tell the server something now, and after each time the connection was lost. */
  say(kind, value) {
    const before = this.#said.get(kind);
    const message = { kind, value };
    if (JSON.stringify(before) === JSON.stringify(message)) return;
    this.#said.set(kind, message);
    this.#send(message);
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #receive(data) {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      this.dispatchEvent(new CustomEvent(message.kind, { detail: message }));
      return;
    }
    const stamp = new DataView(data).getFloat64(0, true);
    const jpeg = new Blob([new Uint8Array(data, 8)], { type: "image/jpeg" });
    this.dispatchEvent(new CustomEvent("picture", { detail: { stamp, jpeg } }));
  }

  #closed(why) {
    this.#socket = null;
    this.#failed += 1;
    this.dispatchEvent(new CustomEvent("down", { detail: why }));
    if (this.#failed % 3 === 0) this.#mayStillEnter();
    setTimeout(() => this.open(), Math.min(SLOWEST_MS, 250 * 2 ** Math.min(this.#failed, 5)));
  }

  /** Without the token nothing comes back: then the page that says so is shown. */
  async #mayStillEnter() {
    const answer = await fetch("/api/texts/en").catch(() => null);
    if (answer?.status === 403) location.reload();
  }
}
