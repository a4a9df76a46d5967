// A screen of messages: Telegram's and the SMS phone's share it.

import { both, element, followEnd } from "./words.js";

const clock = new Intl.DateTimeFormat("fr", { hour: "2-digit", minute: "2-digit" });
// The word for "hello" in each language of the service.
const STARTERS = [
  ["ha", "Sannu"],
  ["dje", "Fofo"],
  ["fr", "Bonjour"],
  ["en", "Hello"],
];

const MEDIA = {
  voice: ["Note vocale", "Voice note"],
  photo: ["Photo", "Photo"],
  location: ["Position", "Location"],
};

export class Conversation {
  #shown = new Map();
  #typing = element("div", { class: "typing", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
  #waiting = 0;

  // `decorate(message)` gives more nodes to stand below the bubble; `start(text)` sends a first word.
  constructor(screen, { decorate, start }) {
    Object.assign(this, { screen, decorate, start });
    this.clear();
  }

  get isEmpty() {
    return this.#shown.size === 0;
  }

  clear() {
    this.#shown.clear();
    const starters = element("div", { class: "starters" });
    for (const [language, word] of STARTERS) {
      starters.append(element("button", { type: "button", lang: language, onclick: () => this.start(word) }, word));
    }
    const lead = both("Écrivez dans votre langue, ou saluez\u00a0:", "Write in your language, or say hello:");
    this.empty = element("div", { class: "empty" }, lead, starters);
    this.screen.replaceChildren(this.empty);
  }

  update(messages) {
    if (messages.length === 0) return;
    followEnd(this.screen, () => {
      for (const message of messages) this.#place(message);
      this.#settle();
    });
  }

  // A line of the page itself: what the provider's error log would say.
  notice(french, english) {
    followEnd(this.screen, () => {
      this.screen.append(
        element("div", { class: "message network" }, element("div", { class: "bubble" }, both(french, english))),
      );
      this.#settle();
    });
  }

  // Shows that an answer is awaited while `work` lasts.
  async during(work) {
    this.#waiting += 1;
    followEnd(this.screen, () => this.#settle());
    try {
      return await work;
    } finally {
      this.#waiting -= 1;
      this.#settle();
    }
  }

  #settle() {
    if (this.#shown.size > 0) this.empty.remove();
    if (this.#waiting > 0) this.screen.append(this.#typing);
    else this.#typing.remove();
  }

  #place(message) {
    const before = this.#shown.get(message.id);
    if (message.deleted) {
      before?.remove();
      return;
    }
    const bubble = element("div", { class: "bubble", dir: "auto" }, message.text);
    if (message.media) {
      bubble.classList.add("media");
      bubble.append(both(...(MEDIA[message.media] ?? [message.media, message.media])));
    }
    const time = clock.format(new Date(message.at_unix_seconds * 1000));
    const made = element("div", { class: `message ${message.by}`, "data-id": message.id }, bubble);
    if (message.by !== "network") made.append(...this.decorate(message, time));
    if (before) before.replaceWith(made);
    else this.screen.append(made);
    this.#shown.set(message.id, made);
  }
}

// Enter sends, Shift+Enter begins a line; the box grows with its text.
export function composer(form, send, changed = () => {}) {
  const box = form.querySelector("textarea");
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(120, box.scrollHeight + 2)}px`;
    changed(box.value);
  };
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value;
    if (!text.trim()) return;
    box.value = "";
    grow();
    send(text);
    box.focus();
  });
  changed(box.value);
}

// Sends through the carrier and tells of refusals and of webhooks that failed.
export async function deliver(line, conversation, path, body) {
  line.hurry();
  try {
    const { problem } = await conversation.during(line.post(path, body));
    if (problem) conversation.notice(`Le webhook a échoué\u00a0: ${problem}.`, `The webhook failed: ${problem}.`);
  } catch (refusal) {
    conversation.notice(refusal.french ?? String(refusal), refusal.english ?? String(refusal));
  }
  line.hurry();
}
