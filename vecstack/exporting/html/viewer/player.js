"use strict";

// The slider over the layers, which plays how the picture is built up: the lowest first, ever more at a time.

const PLAY_SECONDS = 8;
const FEWEST_PLAYED = 2; // layers, below which there is nothing to play

class Player {
  // `count` layers; `onchange(shown)` hears how many of the lowest are shown, null for all of them.
  constructor(count, onchange) {
    Object.assign(this, { count, onchange, shown: count, start: null });
    this.button = byId("play");
    this.slider = byId("built");
    byId("player").hidden = count < FEWEST_PLAYED;
    this.slider.max = this.slider.value = count;
    this.slider.addEventListener("input", () => {
      this.stop();
      this.show(Number(this.slider.value));
    });
    this.button.addEventListener("click", () => (this.isPlaying ? this.stop() : this.play()));
    document.addEventListener("keydown", (event) => {
      const isOther = event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPED_IN);
      if (isOther || count < FEWEST_PLAYED || event.key.toLowerCase() !== "p") return;
      event.preventDefault();
      this.button.click();
    });
    this.tell();
  }

  get isPlaying() {
    return this.start !== null;
  }

  // From where it is, or anew where all are shown.
  play() {
    if (this.shown === this.count) this.show(0);
    const begun = Math.sqrt(this.shown / this.count) * PLAY_SECONDS * 1000;
    this.start = performance.now() - begun;
    this.tell();
    this.step();
  }

  stop() {
    this.start = null;
    this.tell();
  }

  async step() {
    const { start } = this;
    while (this.start === start) {
      const share = Math.min((performance.now() - start) / (PLAY_SECONDS * 1000), 1);
      await this.show(Math.round(this.count * share ** 2));
      if (share === 1) this.stop();
      await nextFrame();
    }
  }

  show(shown) {
    if (shown === this.shown) return null;
    this.shown = shown;
    this.slider.value = shown;
    this.tell();
    return this.onchange(shown === this.count ? null : shown);
  }

  tell() {
    this.button.setAttribute("aria-pressed", this.isPlaying);
    byId("play-icon").setAttribute("href", this.isPlaying ? "#icon-pause" : "#icon-play");
    this.slider.setAttribute("aria-valuetext", `${this.shown} of ${this.count} layers`);
    byId("built-count").textContent = this.shown === this.count ? "" : this.shown.toLocaleString("en");
  }
}
