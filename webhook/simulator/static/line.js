// The wire between the page and the simulator's carrier: requests, and news by short polling.
// (A held-open stream would occupy one of the service's few threads for each open page.)

const IDLE_MS = 2000;
const EAGER_MS = 300;
const EAGER_FOR_MS = 8000;

export class Refusal extends Error {
  constructor(status, french, english) {
    super(english);
    Object.assign(this, { status, french, english });
  }
}

export class Line extends EventTarget {
  #after = 0;
  #eagerUntil = 0;
  #timer = 0;
  #asking = false;
  #who;

  // `who()` gives the addresses whose news are wanted: {telegram, sms, voice}.
  constructor(who) {
    super();
    this.#who = who;
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  async post(path, body, options = {}) {
    let response;
    try {
      response = await fetch(`/simulator/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        ...options,
      });
    } catch {
      throw new Refusal(0, "Le service ne répond pas.", "The service does not answer.");
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
      throw new Refusal(
        response.status,
        answer.french ?? `Erreur ${response.status}`,
        answer.english ?? `Error ${response.status}`,
      );
    }
    return answer;
  }

  // Something is about to happen: ask often for a while.
  hurry() {
    this.#eagerUntil = performance.now() + EAGER_FOR_MS;
    this.#schedule(0);
  }

  // Another phone was taken: its whole screen is wanted.
  restart() {
    this.#after = 0;
    this.hurry();
  }

  #schedule(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delay);
  }

  async #ask() {
    if (this.#asking) return this.#schedule(EAGER_MS);
    this.#asking = true;
    const who = this.#who();
    const asked = JSON.stringify(who);
    const after = this.#after;
    try {
      const response = await fetch(`/simulator/news?${new URLSearchParams({ ...who, after })}`);
      if (!response.ok) throw new Error(String(response.status));
      const news = await response.json();
      if (asked === JSON.stringify(this.#who()) && after === this.#after) {
        if (news.latest < after) {
          // The simulator was restarted and has forgotten all.
          this.#after = 0;
          this.dispatchEvent(new Event("forgotten"));
        } else {
          this.#after = news.latest;
          this.dispatchEvent(new CustomEvent("news", { detail: news }));
        }
      }
      this.dispatchEvent(new Event("found"));
    } catch {
      this.dispatchEvent(new Event("lost"));
    } finally {
      this.#asking = false;
      if (!document.hidden) this.#schedule(performance.now() < this.#eagerUntil ? EAGER_MS : IDLE_MS);
    }
    return undefined;
  }
}
