// The way in (token → cookie) and the socket, which is made again as long as the page is open.

const FIRST_WAIT = 500; // milliseconds
const LONGEST_WAIT = 10_000;
const SILENT_AFTER = 8_000; // levels come many times a second; so long without is a dead line
const MOST_WAITING = 96 * 1024; // bytes of sound that may wait to be sent: two seconds

/** The token of the address, which is taken out of it at once; "" where there is none. */
export function tokenOfAddress() {
  const token = location.hash.slice(1);
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** Come in with a token, or with the cookie where it is "": {ok, status, text}. */
export async function enter(token) {
  const asked = token
    ? {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ token }),
      }
    : {};
  const answer = await fetch("/api/enter", {
    ...asked,
    cache: "no-store",
    credentials: "same-origin",
  });
  const { ok, status } = answer;
  return {
    ok,
    status,
    text: ok ? "" : refusal(status, Number(answer.headers.get("retry-after")) || 60),
  };
}

function refusal(status, wait) {
  if (status === 401) return "";
  if (status === 429) return `Too many tries. Wait ${wait} seconds, then try again.`;
  if (status === 403)
    return "That is not the token. assistant web prints the right one when it starts.";
  return `The assistant answered ${status}. Look at the terminal in which it runs.`;
}

/**
 * The socket. `message` is told each message as an object, `sound` each piece of sound as an
 * ArrayBuffer, `state` what it is: "connecting", "open", "waiting" (with the seconds, and how often
 * it was tried) or "refused".
 */
export class Connection {
  constructor({ message, sound, state }) {
    Object.assign(this, { _message: message, _sound: sound, _state: state });
    this._socket = null;
    this._wait = FIRST_WAIT;
    this._timer = 0;
    this._tries = 0;
    this._heard = 0;
    this._alive = false;
    const again = () => document.visibilityState === "visible" && this._atOnce();
    document.addEventListener("visibilitychange", again);
    addEventListener("online", again);
    addEventListener("pageshow", again);
    setInterval(() => this._listen(), 2_000);
  }

  get isOpen() {
    return this._socket?.readyState === WebSocket.OPEN;
  }

  start() {
    clearTimeout(this._timer);
    this._timer = 0;
    this._state("connecting");
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this._socket = socket;
    this._alive = false;
    socket.addEventListener("open", () => {
      if (this._socket === socket) this.greet();
    });
    socket.addEventListener(
      "message",
      (event) => this._socket === socket && this._take(event.data),
    );
    socket.addEventListener("close", () => this._socket === socket && this._lost());
  }

  /** Ask for all there is, from the beginning. */
  greet() {
    this.send({ type: "Hello", version: 1, confirms: true, replay: true, levels: true });
  }

  /** Whether it could be sent: false where there is no connection just now. */
  send(message) {
    if (!this.isOpen) return false;
    this._socket.send(JSON.stringify(message));
    return true;
  }

  /** Sound: false where too much of it waits already, or there is no connection. */
  sendSound(bytes) {
    if (!this.isOpen || this._socket.bufferedAmount > MOST_WAITING) return false;
    this._socket.send(bytes);
    return true;
  }

  _take(data) {
    this._heard = performance.now();
    if (typeof data !== "string") {
      this._sound(data);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "Welcome") {
      this._wait = FIRST_WAIT;
      this._tries = 0;
      this._state("open");
    }
    if (message.type === "Levels") this._alive = true;
    this._message(message);
  }

  /** A line that has gone dead without a word. */
  _listen() {
    if (this._alive && this.isOpen && performance.now() - this._heard > SILENT_AFTER) {
      const socket = this._socket;
      this._socket = null;
      socket.close();
      this._lost();
    }
  }

  _lost() {
    this._socket = null;
    const wait = this._wait * (0.8 + 0.4 * Math.random());
    this._wait = Math.min(LONGEST_WAIT, this._wait * 2);
    this._tries += 1;
    this._state("waiting", Math.max(1, Math.round(wait / 1000)), this._tries);
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._again(), wait);
  }

  _atOnce() {
    if (this._timer && !this._socket) {
      clearTimeout(this._timer);
      this._again();
    }
  }

  /** The cookie may be good no more: then only a token helps. */
  async _again() {
    this._timer = 0;
    try {
      const found = await enter("");
      if (found.ok) this.start();
      else if (found.status === 401) this._state("refused");
      else this._lost();
    } catch {
      this._lost();
    }
  }
}
