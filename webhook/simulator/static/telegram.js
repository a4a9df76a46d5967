// The Telegram phone: a chat with inline buttons.

import { Conversation, composer, deliver } from "./conversation.js";
import { element } from "./words.js";

export class TelegramPhone {
  constructor(line, identity) {
    Object.assign(this, { line, identity });
    const find = (name) => document.getElementById(`telegram-${name}`);
    this.startBar = find("start");
    this.form = find("form");
    this.attach = this.form.querySelector(".attach");
    this.chat = new Conversation(find("screen"), {
      decorate: (message, time) => this.#below(message, time),
      start: (word) => this.#send(word),
    });
    composer(this.form, (text) => this.#send(text));
    this.startBar.querySelector("button").addEventListener("click", () => this.#send("/start"));
    for (const button of this.attach.querySelectorAll("[data-kind]")) {
      button.addEventListener("click", () => {
        this.attach.open = false;
        this.#deliver("telegram/media", { kind: button.dataset.kind });
      });
    }
    this.attach.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.attach.open = false;
    });
    document.addEventListener("click", (event) => {
      if (!this.attach.contains(event.target)) this.attach.open = false;
    });
    this.clear();
  }

  clear() {
    this.chat.clear();
    this.startBar.hidden = false;
  }

  update(messages) {
    this.chat.update(messages);
    if (!this.chat.isEmpty) this.startBar.hidden = true;
  }

  #send(text) {
    this.startBar.hidden = true;
    return this.#deliver("telegram/text", { text });
  }

  #deliver(path, body) {
    return deliver(this.line, this.chat, path, { chat: Number(this.identity.address), ...body });
  }

  #below(message, time) {
    const meta = element("div", { class: "meta" }, time);
    if (message.buttons.length === 0) return [meta];
    const rows = message.buttons.map((row, r) =>
      element("div", {}, ...row.map((button, c) => this.#button(message, button, r, c))),
    );
    return [element("div", { class: "buttons" }, ...rows), meta];
  }

  #button(message, button, row, column) {
    if (button.url) return element("a", { href: button.url, target: "_blank", rel: "noopener", dir: "auto" }, button.text);
    const press = () => this.#deliver("telegram/button", { message: message.id, row, column });
    return element("button", { type: "button", dir: "auto", onclick: press }, button.text);
  }
}
