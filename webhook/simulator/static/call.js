// Follows a call's TwiML verb by verb, as a provider does (twilio.com/docs/voice/twiml).
// Only the verbs that Twilio and Somleng both run exist here; any other ends the call, as it would on Somleng.

import { pause } from "./sound.js";

const DEFAULT_GATHER_TIMEOUT_S = 5;
const DEFAULT_DIAL_TIMEOUT_S = 30;
const DEFAULT_RECORD_MAX_S = 3600;
const MOST_STEPS = 500;
const NOTHING_ELSE = Symbol("the document has ended");

class Trouble extends Error {}
class HungUp extends Error {}

const whole = (verb, name, otherwise) => {
  const value = Number.parseInt(verb.getAttribute(name) ?? "", 10);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
};
const words = (verb) => verb.textContent.replace(/\s+/g, " ").trim();

export class Call {
  #over = new AbortController();
  #onKey = null;
  #recording = null;
  #line;
  #stage;
  #sound;
  #publicUrl;

  constructor({ line, stage, sound, publicUrl }) {
    this.#line = line;
    this.#stage = stage;
    this.#sound = sound;
    this.#publicUrl = publicUrl;
  }

  press(key) {
    this.#onKey?.(key);
  }

  hangUp() {
    this.#over.abort();
  }

  // `first` promises the first document: {call, url, twiml, problem}. Resolves when the call is over.
  async follow(first) {
    let sid = "";
    try {
      let document = await first;
      sid = document.call;
      this.#stage.connected();
      for (let steps = 0; document; steps += 1) {
        if (steps > MOST_STEPS) throw new Trouble("12403 too many steps");
        document = await this.#run(document);
      }
    } catch (error) {
      if (error instanceof HungUp) {
        await this.#lastWords(sid);
      } else {
        const french = error.french ?? error.message;
        this.#stage.trouble(
          `Le fournisseur annonce une erreur et raccroche\u00a0: ${french}`,
          `The provider announces an error and hangs up: ${error.english ?? error.message}`,
        );
      }
    } finally {
      this.#over.abort();
      if (sid) await this.#line.post("voice/end", { call: sid }, { keepalive: true }).catch(() => {});
      this.#stage.ended();
    }
  }

  // One document: the next one that a verb leads to, or null at the end of the call.
  async #run(document) {
    this.#check();
    if (document.problem) throw new Trouble(document.problem);
    const xml = new DOMParser().parseFromString(document.twiml, "text/xml");
    const root = xml.documentElement;
    if (xml.querySelector("parsererror") || root.nodeName !== "Response") {
      throw new Trouble("12100 document parse failure");
    }
    for (const verb of root.children) {
      const next = await this.#perform(verb, document);
      this.#check();
      if (next !== NOTHING_ELSE) return next;
    }
    return null;
  }

  async #perform(verb, document) {
    switch (verb.nodeName) {
      case "Say":
      case "Play":
        await this.#utter(verb, document, this.#over.signal);
        return NOTHING_ELSE;
      case "Gather":
        return this.#gather(verb, document);
      case "Record":
        return this.#record(verb, document);
      case "Dial":
        return this.#dial(verb, document);
      case "Redirect":
        return this.#step(document, verb, words(verb), { kind: "redirect" });
      case "Hangup":
      case "Reject":
        return null;
      default:
        throw new Trouble(`12200 <${verb.nodeName}>`);
    }
  }

  async #utter(verb, document, signal) {
    const times = Math.max(1, whole(verb, "loop", 1));
    for (let time = 0; time < times && !signal.aborted; time += 1) {
      if (verb.nodeName === "Say") {
        const language = verb.getAttribute("language") ?? "en-US";
        this.#stage.heard(words(verb), language);
        await this.#sound.speak(words(verb), language, signal);
      } else {
        await this.#play(words(verb), document, signal);
      }
    }
  }

  async #play(target, document, signal) {
    const url = new URL(target, document.url);
    this.#stage.recordingHeard(url.pathname.replace(/^.*\/audio\//, ""));
    // The page may have been opened at another address than the public one.
    const here = url.origin === new URL(this.#publicUrl).origin ? url.pathname + url.search : url.href;
    if (!(await this.#sound.play(here, signal))) {
      this.#stage.trouble(`Enregistrement introuvable\u00a0: ${url.pathname}`, `Recording not found: ${url.pathname}`);
    }
  }

  async #gather(verb, document) {
    const most = whole(verb, "numDigits", Infinity) || Infinity;
    const finish = verb.getAttribute("finishOnKey") ?? "#";
    const timeoutMs = 1000 * whole(verb, "timeout", DEFAULT_GATHER_TIMEOUT_S);
    if (!(verb.getAttribute("input") ?? "dtmf").split(" ").includes("dtmf")) throw new Trouble("12200 <Gather speech>");
    let digits = "";
    let waiting = new AbortController();
    const prompt = new AbortController();
    const done = new AbortController();
    this.#over.signal.addEventListener("abort", () => done.abort(), { once: true });
    done.signal.addEventListener("abort", () => (prompt.abort(), waiting.abort()), { once: true });
    this.#onKey = (key) => {
      prompt.abort();
      if (finish !== "" && finish.includes(key)) return done.abort();
      digits += key;
      this.#stage.typed(digits);
      if (digits.length >= most) return done.abort();
      waiting.abort(); // the time-out begins anew with each key
      return undefined;
    };
    for (const nested of verb.children) {
      if (!["Say", "Play"].includes(nested.nodeName)) throw new Trouble(`12200 <${nested.nodeName}>`);
      if (!prompt.signal.aborted) await this.#utter(nested, document, prompt.signal);
    }
    while (!done.signal.aborted) {
      waiting = new AbortController();
      this.#stage.waiting(timeoutMs);
      await pause(timeoutMs, waiting.signal);
      if (!waiting.signal.aborted) break;
    }
    this.#onKey = null;
    this.#stage.waiting(0);
    this.#stage.typed("");
    this.#check();
    if (digits) this.#stage.keyed(digits);
    else if (verb.getAttribute("actionOnEmptyResult") !== "true") return NOTHING_ELSE;
    return this.#step(document, verb, verb.getAttribute("action") ?? "", { kind: "digits", digits });
  }

  async #record(verb, document) {
    const finish = verb.getAttribute("finishOnKey") ?? "1234567890*#";
    const mostMs = 1000 * (whole(verb, "maxLength", DEFAULT_RECORD_MAX_S) || DEFAULT_RECORD_MAX_S);
    const stop = new AbortController();
    this.#over.signal.addEventListener("abort", () => stop.abort(), { once: true });
    let ended = "";
    this.#onKey = (key) => {
      if (finish.includes(key)) {
        ended = key;
        stop.abort();
      }
    };
    if (verb.getAttribute("playBeep") !== "false") this.#sound.beep();
    const begun = performance.now();
    const seconds = () => Math.max(1, Math.round((performance.now() - begun) / 1000));
    const recorded = verb.getAttribute("recordingStatusCallback") ?? "";
    const answer = (digits) => ({ kind: "recording", digits, seconds: seconds(), recorded });
    this.#recording = () => this.#step(document, verb, verb.getAttribute("action") ?? "", answer("hangup"));
    this.#stage.recording(() => {
      ended = "#";
      stop.abort();
    });
    await pause(mostMs, stop.signal);
    this.#onKey = null;
    this.#stage.asked();
    this.#check();
    this.#recording = null;
    return this.#step(document, verb, verb.getAttribute("action") ?? "", answer(ended));
  }

  async #dial(verb, document) {
    const nouns = [...verb.children].filter((noun) => ["Number", "Sip"].includes(noun.nodeName));
    if (nouns.length < verb.children.length) throw new Trouble("12200 <Dial>");
    const numbers = nouns.length > 0 ? nouns.map(words) : [words(verb)];
    const decided = new AbortController();
    this.#over.signal.addEventListener("abort", () => decided.abort(), { once: true });
    let status = "no-answer";
    this.#stage.connecting(numbers.join(", "), (outcome) => {
      status = outcome;
      decided.abort();
    });
    await pause(1000 * whole(verb, "timeout", DEFAULT_DIAL_TIMEOUT_S), decided.signal);
    this.#stage.asked();
    this.#check();
    this.#stage.dialled(status);
    const action = verb.getAttribute("action");
    if (action === null) return NOTHING_ELSE;
    return this.#step(document, verb, action, { kind: "dial", status });
  }

  #step(document, verb, action, more) {
    const method = verb.getAttribute("method") ?? "POST";
    return this.#line.post("voice/step", { call: document.call, action, method, ...more }, { keepalive: true });
  }

  #check() {
    if (this.#over.signal.aborted) throw new HungUp();
  }

  // A recording that a hang-up ended is delivered all the same.
  async #lastWords(sid) {
    if (sid && this.#recording) await this.#recording().catch(() => {});
  }
}
