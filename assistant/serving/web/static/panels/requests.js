// Questions that the session answers with their number: what is remembered, earlier conversations.

/** Asks, and brings each answer back to who asked. */
export class Requests {
  constructor(send) {
    this._send = send;
    this._count = 0;
    this._waiting = new Map();
  }

  /** Promises the answer to this command. Rejects with {text, remedy}. */
  ask(command) {
    const id = (this._count += 1);
    return new Promise((resolve, reject) => {
      this._waiting.set(id, { resolve, reject });
      if (this._send({ ...command, id })) return;
      this._waiting.delete(id);
      reject({ text: "There is no connection just now", remedy: "Wait until it is back." });
    });
  }

  /** An answer has come; nobody waits for one that is of an older connection. */
  take(message) {
    const waiting = this._waiting.get(message.id);
    if (!waiting) return;
    this._waiting.delete(message.id);
    if (message.type === "RequestFailed") waiting.reject(message);
    else waiting.resolve(message);
  }

  /** The connection is gone, and with it all answers. */
  lose() {
    for (const { reject } of this._waiting.values())
      reject({ text: "The connection was lost", remedy: "Try again." });
    this._waiting.clear();
  }
}
