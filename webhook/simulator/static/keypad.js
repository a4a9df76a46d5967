// The keypad phone: the stage on which a call is followed.

import { Call } from "./call.js";
import { both, element, followEnd, say } from "./words.js";

const KEYS = "0123456789*#";

export class KeypadPhone {
  #call = null;
  #ringing = null;
  #timer = 0;
  #subtitles;
  #find;

  constructor(line, identity, sound, publicUrl) {
    Object.assign(this, { line, identity, sound, publicUrl });
    this.#find = (name) => document.getElementById(`voice-${name}`);
    this.section = document.getElementById("voice");
    this.#subtitles = this.#find("subtitles");
    this.#find("call").addEventListener("click", () => this.#pickUp());
    this.#find("end").addEventListener("click", () => this.#putDown());
    for (const button of this.#find("keys").children) {
      button.addEventListener("click", () => this.#press(button.dataset.key));
    }
    this.section.tabIndex = -1; // a click anywhere on the phone lets it hear the keyboard
    this.section.addEventListener("keydown", (event) => {
      const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS.includes(event.key)) return;
      event.preventDefault();
      this.#press(event.key);
    });
    window.addEventListener("pagehide", () => this.#call?.hangUp());
    this.#idle();
    this.#invite();
  }

  clear() {
    this.#call?.hangUp();
    this.#ringing = null;
    if (!this.#call) this.#idle();
    this.#invite();
  }

  // The service calls this phone.
  ring(calls) {
    const ringing = calls[0] ?? null;
    if (this.#call || (ringing?.call ?? null) === (this.#ringing?.call ?? null)) return;
    this.#ringing = ringing;
    this.section.classList.toggle("ringing", ringing !== null);
    if (!ringing) return this.#idle();
    this.#state(`Appel de ${ringing.from}`, `Call from ${ringing.from}`);
    say(this.#find("call"), "Répondre", "Answer");
    this.#find("end").disabled = false;
  }

  async #pickUp() {
    if (this.#call) return;
    const number = this.identity.address;
    const ringing = this.#ringing;
    this.#ringing = null;
    this.section.classList.remove("ringing");
    const call = new Call({ line: this.line, stage: this, sound: this.sound, publicUrl: this.publicUrl });
    this.#call = call;
    this.#subtitles.replaceChildren();
    this.#find("call").disabled = true;
    this.#find("end").disabled = false;
    this.#state("Appel en cours…", "Calling…");
    this.line.hurry();
    const first = ringing
      ? this.line.post("voice/answer", { call: ringing.call })
      : this.line.post("voice/call", { number });
    await call.follow(first);
  }

  #putDown() {
    if (this.#call) return this.#call.hangUp();
    const refused = this.#ringing;
    this.ring([]);
    if (refused) this.line.post("voice/end", { call: refused.call }).catch(() => {});
    return undefined;
  }

  #press(key) {
    const button = [...this.#find("keys").children].find((candidate) => candidate.dataset.key === key);
    button.classList.add("down");
    setTimeout(() => button.classList.remove("down"), 150);
    this.sound.key(key);
    this.#call?.press(key);
  }

  // What the call tells its stage, in the order of a call.

  connected() {
    const begun = Date.now();
    this.#state("En communication", "Connected");
    const tick = () => {
      const seconds = Math.floor((Date.now() - begun) / 1000);
      this.#find("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    };
    tick();
    this.#timer = setInterval(tick, 1000);
  }

  heard(text, language) {
    const tag = element("span", { class: "tag", lang: "und" }, language.slice(0, 2));
    this.#add(element("p", {}, tag, element("span", { lang: language, dir: "auto" }, text)));
  }

  recordingHeard(name) {
    this.#add(element("p", {}, element("span", { class: "tag", lang: "und" }, "♪"), name));
  }

  typed(digits) {
    this.#find("typed").textContent = digits;
  }

  keyed(digits) {
    this.#add(element("p", { class: "keyed", dir: "ltr" }, digits));
    this.line.hurry(); // an answer by key may send an SMS
  }

  // A key is awaited for `ms` (0: no more).
  waiting(ms) {
    const bar = this.#find("wait");
    bar.hidden = ms === 0;
    const until = performance.now() + ms;
    const run = {};
    this.waitRun = run;
    const draw = () => {
      if (this.waitRun !== run || ms === 0) return;
      bar.value = Math.max(0, (until - performance.now()) / ms);
      if (bar.value > 0) requestAnimationFrame(draw);
    };
    draw();
  }

  recording(stop) {
    this.#state("● Enregistrement", "Recording");
    this.#ask([["Terminer (#)", "Done (#)", stop]]);
  }

  connecting(number, decide) {
    this.#state("Mise en relation…", "Connecting…");
    this.#ask([
      ["On répond", "They answer", () => decide("completed")],
      ["Personne ne répond", "Nobody answers", () => decide("no-answer")],
    ]);
    this.#add(element("p", {}, both(`Connexion à ${number}…`, `Connecting to ${number}…`)));
  }

  dialled(status) {
    const answered = status === "completed";
    this.#add(
      element(
        "p",
        {},
        answered
          ? both("Une personne a parlé avec l'appelant, puis a raccroché.", "A person spoke with the caller, then hung up.")
          : both("Personne n'a répondu.", "Nobody answered."),
      ),
    );
  }

  asked() {
    this.#find("asks").hidden = true;
    this.#find("asks").replaceChildren();
    if (this.#call) this.#state("En communication", "Connected");
  }

  trouble(french, english) {
    this.#add(element("p", { class: "trouble" }, both(french, english)));
  }

  ended() {
    this.#call = null;
    this.waiting(0);
    this.typed("");
    this.asked();
    clearInterval(this.#timer);
    this.#idle();
    this.#state("Appel terminé", "Call ended");
    this.line.hurry();
  }

  #idle() {
    this.#state("Prêt", "Ready");
    this.#find("clock").textContent = "";
    say(this.#find("call"), "Appeler", "Call");
    this.#find("call").disabled = false;
    this.#find("end").disabled = true;
  }

  #invite() {
    this.#subtitles.replaceChildren(
      element(
        "p",
        { class: "empty" },
        both("Appelez\u00a0: ce qui se dit s'écrit aussi ici.", "Call: what is said is also written here."),
      ),
    );
  }

  #state(french, english) {
    say(this.#find("state"), french, english);
  }

  #ask(choices) {
    const buttons = choices.map(([french, english, act]) =>
      element("button", { type: "button", onclick: act }, both(french, english)),
    );
    this.#find("asks").replaceChildren(...buttons);
    this.#find("asks").hidden = false;
  }

  #add(paragraph) {
    followEnd(this.#subtitles, () => {
      this.#subtitles.querySelector(".empty")?.remove();
      this.#subtitles.append(paragraph);
    });
  }
}
