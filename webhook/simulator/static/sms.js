// The SMS phone: bubbles with their encoding and parts, and a counter while typing.

import { Conversation, composer, deliver } from "./conversation.js";
import { cut } from "./gsm7.js";
import { element } from "./words.js";

const parts = (count) => (count === 1 ? "1 SMS" : `${count} SMS`);

export class SmsPhone {
  constructor(line, identity) {
    Object.assign(this, { line, identity });
    const count = document.getElementById("sms-count");
    this.texts = new Conversation(document.getElementById("sms-screen"), {
      decorate: (message, time) => [element("div", { class: "meta" }, this.#meta(message, time))],
      start: (word) => this.#send(word),
    });
    composer(
      document.getElementById("sms-form"),
      (text) => this.#send(text),
      (text) => {
        const { encoding, used, room, parts: needed } = cut(text);
        count.textContent = `${encoding} · ${used}/${room} · ${parts(needed)}`;
      },
    );
  }

  clear() {
    this.texts.clear();
  }

  update(messages) {
    this.texts.update(messages);
  }

  #send(text) {
    return deliver(this.line, this.texts, "sms/text", { number: this.identity.address, text });
  }

  #meta(message, time) {
    const arrived = message.status === "delivered" ? " ✓✓" : message.status === "sent" ? " ✓" : "";
    return `${time} · ${message.encoding} · ${parts(message.parts)}${arrived}`;
  }
}
