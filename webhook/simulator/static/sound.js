// What is heard: speech, recordings and key tones. With the sound off, or no voice installed, the time of reading
// passes instead, so that a call keeps its rhythm and its subtitles.

const READING_MS_PER_CHARACTER = 55;
const SHORTEST_READING_MS = 900;
const TONES_HZ = { rows: [697, 770, 852, 941], columns: [1209, 1336, 1477], keys: "123456789*0#" };

export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    return signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

export class Sound {
  #context = null;

  constructor(toggle) {
    this.on = true;
    toggle.addEventListener("click", () => {
      this.on = !this.on;
      toggle.setAttribute("aria-pressed", String(this.on));
      if (!this.on) window.speechSynthesis?.cancel();
    });
    window.speechSynthesis?.getVoices(); // asks for the list, which comes later
  }

  // Resolves when the words are over or `signal` aborts.
  async speak(words, language, signal) {
    const reading = Math.max(SHORTEST_READING_MS, words.length * READING_MS_PER_CHARACTER);
    const voice = this.on && this.#voice(language);
    if (!voice) return pause(reading, signal);
    const utterance = new SpeechSynthesisUtterance(words);
    Object.assign(utterance, { voice, lang: voice.lang });
    const spoken = new Promise((resolve) => {
      utterance.onend = resolve;
      utterance.onerror = resolve;
    });
    window.speechSynthesis.speak(utterance);
    const silenced = new Promise((resolve) => {
      signal.addEventListener("abort", resolve, { once: true });
    });
    // Some engines never report the end.
    await Promise.race([spoken, silenced, pause(3 * reading + 5000, signal)]);
    return window.speechSynthesis.cancel();
  }

  // True when the recording could be played to its end (or was interrupted).
  async play(url, signal) {
    if (signal.aborted) return true;
    const audio = new Audio(url);
    audio.muted = !this.on;
    const ended = new Promise((resolve) => {
      audio.onended = () => resolve(true);
      audio.onerror = () => resolve(false);
      signal.addEventListener("abort", () => resolve(true), { once: true });
    });
    audio.play().catch(() => {});
    const result = await ended;
    audio.onerror = null;
    audio.pause();
    audio.removeAttribute("src");
    return result;
  }

  key(key) {
    const at = TONES_HZ.keys.indexOf(key);
    if (at >= 0) this.#tone([TONES_HZ.rows[Math.floor(at / 3)], TONES_HZ.columns[at % 3]], 0.12);
  }

  beep() {
    this.#tone([1000], 0.35);
  }

  #tone(frequencies, seconds) {
    if (!this.on || typeof AudioContext === "undefined") return;
    this.#context ??= new AudioContext();
    const gain = this.#context.createGain();
    gain.gain.value = 0.05;
    gain.connect(this.#context.destination);
    for (const frequency of frequencies) {
      const oscillator = this.#context.createOscillator();
      oscillator.frequency.value = frequency;
      oscillator.connect(gain);
      oscillator.start();
      oscillator.stop(this.#context.currentTime + seconds);
    }
  }

  #voice(language) {
    const wanted = language.toLowerCase();
    const voices = window.speechSynthesis?.getVoices() ?? [];
    const exact = voices.find((voice) => voice.lang.toLowerCase().replace("_", "-") === wanted);
    return exact ?? voices.find((voice) => voice.lang.toLowerCase().startsWith(wanted.slice(0, 2)));
  }
}
