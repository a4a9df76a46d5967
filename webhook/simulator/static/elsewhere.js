// What the service sent to phones that nobody holds on this page, such as the contact of a referral.

import { both, element } from "./words.js";

const MOST = 30;

export class Elsewhere {
  #shown = new Map();

  // `take(door, address)` gives one of the page's phones that number; false when it cannot.
  constructor(take) {
    this.take = take;
    this.section = document.getElementById("elsewhere");
    this.list = document.getElementById("elsewhere-list");
  }

  clear() {
    this.#shown.clear();
    this.#draw();
  }

  update(messages) {
    if (messages.length === 0) return;
    for (const message of messages) this.#shown.set(message.id, message);
    this.#draw();
  }

  #draw() {
    const latest = [...this.#shown.values()].sort((a, b) => b.id - a.id).slice(0, MOST);
    this.list.replaceChildren(...latest.map((message) => this.#entry(message)));
    this.section.hidden = latest.length === 0;
  }

  #entry({ door, address, text, parts, encoding }) {
    const size = door === "sms" ? ` · ${encoding} · ${parts} SMS` : "";
    const to = element("div", { class: "to" }, element("span", { dir: "ltr" }, `${door} ${address}${size}`));
    const button = element("button", { type: "button", class: "plain" }, both("Prendre ce téléphone", "Take this phone"));
    button.addEventListener("click", () => {
      if (this.take(door, address)) return;
      button.replaceWith(both("Ce numéro n'est pas fictif.", "This number is not a fictional one."));
    });
    to.append(button);
    return element("li", {}, to, element("div", { class: "words", dir: "auto" }, text));
  }
}
