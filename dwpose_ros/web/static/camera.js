// SPDX-License-Identifier: Apache-2.0
// The browser's camera: its pictures go to the server by the WebSocket `/camera`, the newest at the
// pace of the connection, each with the time when it was taken.
import { socketAddress } from "./connection.js";

const TAKEN = 4001; // close code: another page is the camera
const ON_THE_WAY = 2; // pictures that the server has not confirmed
const LARGEST = 4_000_000;
const FASTEST_MS = 1000 / 31;
// Quality and scale, from a fast connection to a slow one.
export const LEVELS = [
  [0.85, 1],
  [0.75, 1],
  [0.6, 1],
  [0.6, 0.75],
  [0.5, 0.5],
  [0.4, 0.35],
];
const WORSE = { refused: 12, of: 30 }; // so many pictures could not be sent: go one level down
const BETTER = 150; // so many in a row could: try one level up

/** Chooses the level by which pictures could be sent. */
export class Pace {
  level = 0;
  #sent = 0;
  #tried = 0;
  #held = 0;

  /** Note whether a picture could be sent when it came. */
  note(sent) {
    this.#tried += 1;
    this.#held += sent ? 0 : 1;
    this.#sent = sent ? this.#sent + 1 : 0;
    if (this.#held >= WORSE.refused) this.#move(1);
    else if (this.#sent >= BETTER) this.#move(-1);
    else if (this.#tried >= WORSE.of) this.#tried = this.#held = 0;
  }

  #move(by) {
    this.level = Math.min(LEVELS.length - 1, Math.max(0, this.level + by));
    this.#sent = this.#tried = this.#held = 0;
  }
}

/** The time of the browser's clock in ms since the epoch, which does not jump. */
function now() {
  return performance.timeOrigin + performance.now();
}

/** The name of the text that says why there is no camera. */
export function why(error) {
  if (!navigator.mediaDevices?.getUserMedia) {
    return window.isSecureContext ? "too_old" : "camera_insecure";
  }
  if (error?.name === "NotAllowedError") return "camera_denied";
  if (error?.name === "NotReadableError" || error?.name === "AbortError") return "camera_busy";
  return "camera_missing";
}

export class BrowserCamera extends EventTarget {
  #video;
  #stream = null;
  #socket = null;
  #canvas = document.createElement("canvas");
  #pace = new Pace();
  #waiting = 0;
  #encoding = false;
  #last = 0;
  #wanted = false;

  /** Events: "on", "off" (detail: the name of a text, or ""), "refused". */
  constructor(video) {
    super();
    this.#video = video;
  }

  get on() {
    return this.#stream !== null;
  }

  /** Ask for the camera, and send its pictures. `take`: also if another page is the camera. */
  async start({ facing, width, height, take = false }) {
    this.stop();
    this.#wanted = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: {
          facingMode: { ideal: facing },
          width: { ideal: width },
          height: { ideal: height },
          frameRate: { ideal: 30 },
        },
      });
      if (!this.#wanted) return stream.getTracks().forEach((track) => track.stop());
      this.#stream = stream;
      stream.getTracks()[0].addEventListener("ended", () => this.stop("camera_missing"));
      this.#video.srcObject = stream;
      await this.#video.play();
    } catch (error) {
      this.stop(why(error));
      return;
    }
    this.#connect(take);
    this.#watch();
    this.dispatchEvent(new Event("on"));
  }

  /** Give the camera back. `reason`: the name of a text for the person. */
  stop(reason = "") {
    this.#wanted = false;
    const had = this.#stream !== null;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (had || reason) this.dispatchEvent(new CustomEvent("off", { detail: reason }));
  }

  #connect(take) {
    const socket = new WebSocket(socketAddress(`/camera${take ? "?take=1" : ""}`));
    this.#socket = socket;
    this.#waiting = 0;
    socket.onmessage = ({ data }) => this.#told(socket, JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      if (code === TAKEN) return this.stop("camera_taken");
      setTimeout(() => socket === this.#socket && this.#connect(false), 1000);
    };
  }

  #told(socket, message) {
    if (message.kind === "clock") {
      socket.send(JSON.stringify({ number: message.number, ms: now() }));
    } else if (message.kind === "got") {
      this.#waiting = Math.max(0, this.#waiting - 1);
      if (message.why) this.dispatchEvent(new CustomEvent("refused", { detail: message.why }));
    }
  }

  /** Call for each picture of the camera. */
  #watch() {
    const stream = this.#stream;
    const each = (at, about) => {
      if (stream !== this.#stream) return;
      this.#send(performance.timeOrigin + (about?.captureTime ?? at));
      next();
    };
    const next = () =>
      this.#video.requestVideoFrameCallback
        ? this.#video.requestVideoFrameCallback(each)
        : requestAnimationFrame(each);
    next();
  }

  #send(taken) {
    if (taken - this.#last < FASTEST_MS * 0.8) return;
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || this.#encoding || !this.#video.videoWidth) return;
    const free = this.#waiting < ON_THE_WAY && socket.bufferedAmount < LARGEST / 8;
    this.#pace.note(free);
    if (!free) return;
    this.#last = taken;
    const [quality, scale] = LEVELS[this.#pace.level];
    const canvas = this.#canvas;
    canvas.width = Math.round(this.#video.videoWidth * scale);
    canvas.height = Math.round(this.#video.videoHeight * scale);
    canvas
      .getContext("2d", { alpha: false })
      .drawImage(this.#video, 0, 0, canvas.width, canvas.height);
    this.#encoding = true;
    canvas.toBlob(
      async (blob) => {
        const head = new DataView(new ArrayBuffer(8));
        head.setFloat64(0, taken, true);
        this.#encoding = false;
        if (!blob || blob.size > LARGEST || socket.readyState !== WebSocket.OPEN) return;
        this.#waiting += 1;
        socket.send(new Blob([head.buffer, blob]));
      },
      "image/jpeg",
      quality,
    );
  }
}
