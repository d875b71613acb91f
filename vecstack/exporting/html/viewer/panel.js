"use strict";

// The list of layers: a row each, topmost first, with what can be changed of it.

// What the controls of a row are called, before the layer's name.
const LABELS = {
  ".solo": "Show only",
  ".color": "Colour of",
  ".opacity": "Opacity of",
  ".up": "Move up",
  ".down": "Move down",
};
const THUMBNAIL_PX = 48; // long side

class Panel {
  // `look` holds what is only a way of looking: { solo: an index or null }; `onlook()` hears that it has changed,
  // `onapproach(index)` that a layer (-1: the background) may be changed soon.
  // `traits` are those of the layers (see main.js).
  constructor(layers, traits, store, look, { onlook, onapproach }) {
    Object.assign(this, { layers, traits, store, look, onlook, onapproach });
    this.list = byId("layers");
    this.rows = this.layers.map((layer, index) => this.makeRow(layer, index));
    this.pictures = new Map(); // index -> { mask, colors }: ImageData whose red is the layer's mask; see setPicture
    this.shown = null; // the state that the rows show
    byId("background").addEventListener("input", (event) => this.setBackground(event.target.value, false));
    byId("background").addEventListener("change", (event) => this.setBackground(event.target.value, true));
    for (const name of ["pointerenter", "focusin"]) byId("ground").addEventListener(name, () => onapproach(-1));
    this.listenToDrag();
    this.update(store.state);
  }

  nameOf(index) {
    return this.layers[index].name || this.layers[index].id;
  }

  makeRow(layer, index) {
    const row = byId("row").content.firstElementChild.cloneNode(true);
    const name = this.nameOf(index);
    const part = (selector) => row.querySelector(selector);
    part(".name").textContent = name;
    part(".name").title = name;
    row.dataset.index = index;
    for (const [selector, label] of Object.entries(LABELS)) {
      part(selector).setAttribute("aria-label", `${label} ${name}`);
    }
    for (const [selector, title] of [[".solo", "Show only this layer"], [".up", "Move up"], [".down", "Move down"]]) {
      part(selector).title = title;
    }
    part(".visible").addEventListener("click", () => this.toggle(index));
    part(".solo").addEventListener("click", () => this.setSolo(index));
    part(".up").addEventListener("click", () => this.move(index, 1));
    part(".down").addEventListener("click", () => this.move(index, -1));
    part(".opacity").addEventListener("input", (event) => this.setOpacity(index, event.target.value, false));
    part(".opacity").addEventListener("change", (event) => this.setOpacity(index, event.target.value, true));
    part(".color").addEventListener("input", (event) => this.setColor(index, event.target.value, false));
    part(".color").addEventListener("change", (event) => this.setColor(index, event.target.value, true));
    for (const name of ["pointerenter", "focusin"]) row.addEventListener(name, () => this.onapproach(index));
    row.addEventListener("keydown", (event) => this.key(event, index));
    if (!this.traits[index]) this.markUnknown(row, layer);
    else if (!this.traits[index].color) this.markColored(row);
    return row;
  }

  markUnknown(row, layer) {
    const note = Object.assign(document.createElement("small"), { textContent: ` ${layer.kind}, not drawn here` });
    row.querySelector(".name").append(note);
    for (const selector of [".color", ".solo"]) row.querySelector(selector).disabled = true;
  }

  markColored(row) {
    row.classList.add("has-colors");
    Object.assign(row.querySelector(".color"), { disabled: true, title: "This layer has colours of its own" });
  }

  // Changes

  change(state, isFinal, message) {
    if (isFinal) this.store.commit(state, message);
    else this.store.preview(state);
  }

  toggle(index) {
    const visible = !this.store.state.layers[index].visible;
    const message = `${this.nameOf(index)} ${visible ? "shown" : "hidden"}`;
    this.change(withLayer(this.store.state, index, { visible }), true, message);
  }

  setOpacity(index, percent, isFinal) {
    const state = withLayer(this.store.state, index, { opacity: Number(percent) / 100 });
    this.change(state, isFinal, `Opacity of ${this.nameOf(index)} ${percent} %`);
  }

  setColor(index, text, isFinal) {
    const state = withLayer(this.store.state, index, { color: fromHex(text) });
    this.change(state, isFinal, `Colour of ${this.nameOf(index)} ${text}`);
  }

  setBackground(text, isFinal) {
    this.change({ ...this.store.state, background: fromHex(text) }, isFinal, `Background ${text}`);
  }

  setSolo(index) {
    this.look.solo = this.look.solo === index ? null : index;
    announce(this.look.solo === null ? "All layers shown" : `Only ${this.nameOf(index)} shown`);
    this.shown = null;
    this.update(this.store.state);
    this.onlook();
  }

  // Move a layer up (1) or down (-1) by one; the control that has the focus keeps it.
  move(index, step) {
    this.moveTo(index, this.store.state.order.indexOf(index) + step);
  }

  moveTo(index, place) {
    const { state } = this.store;
    const count = state.order.length;
    if (place < 0 || place >= count || state.order[place] === index) return;
    const focused = document.activeElement;
    const message = `${this.nameOf(index)} moved to place ${count - place} of ${count}`;
    this.change(withPlace(state, index, place), true, message);
    const row = this.rows[index];
    if (row.contains(focused)) (focused.disabled ? row.querySelector("button:enabled") : focused).focus();
    row.scrollIntoView({ block: "nearest" });
  }

  key(event, index) {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step || !event.altKey) return;
    event.preventDefault();
    this.move(index, step);
  }

  // Drag a row by its thumbnail: it moves as the pointer passes the middle of others.
  listenToDrag() {
    let dragged = null;
    this.list.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest(".grip");
      if (!grip || event.button !== 0) return;
      event.preventDefault();
      dragged = { row: grip.closest(".layer"), grip };
      grip.setPointerCapture(event.pointerId);
      dragged.row.classList.add("is-dragged");
    });
    this.list.addEventListener("pointermove", (event) => {
      if (dragged) this.dragTo(dragged.row, event.clientY);
    });
    const finish = (isDone) => {
      if (!dragged) return;
      const { row } = dragged;
      dragged = null;
      row.classList.remove("is-dragged");
      const place = [...this.list.children].reverse().indexOf(row);
      if (isDone) this.moveTo(Number(row.dataset.index), place);
      this.arrange(this.store.state.order);
    };
    this.list.addEventListener("pointerup", () => finish(true));
    this.list.addEventListener("pointercancel", () => finish(false));
  }

  dragTo(row, y) {
    const box = this.list.getBoundingClientRect();
    if (y < box.top + 24) this.list.scrollTop -= 8;
    if (y > box.bottom - 24) this.list.scrollTop += 8;
    const next = [...this.list.children].find((other) => {
      const { top, height } = other.getBoundingClientRect();
      return other !== row && y < top + height / 2;
    });
    if ((next ?? null) !== row.nextElementSibling) this.list.insertBefore(row, next ?? null);
  }

  // What is shown

  arrange(order) {
    this.list.append(...[...order].reverse().map((index) => this.rows[index]));
  }

  update(state) {
    const old = this.shown;
    this.shown = state;
    if (!old || old.order !== state.order) {
      this.arrange(state.order);
      this.markEnds(state.order);
    }
    state.layers.forEach((layer, index) => {
      if (!old || old.layers[index] !== layer) this.updateRow(layer, index);
    });
    byId("background").value = toHex(state.background);
  }

  markEnds(order) {
    for (const row of this.rows) for (const name of [".up", ".down"]) row.querySelector(name).disabled = false;
    if (!order.length) return;
    this.rows[order[order.length - 1]].querySelector(".up").disabled = true;
    this.rows[order[0]].querySelector(".down").disabled = true;
  }

  updateRow({ visible, opacity, color }, index) {
    const row = this.rows[index];
    const part = (selector) => row.querySelector(selector);
    const isSolo = this.look.solo === index;
    row.classList.toggle("is-hidden", this.look.solo === null ? !visible : !isSolo);
    part(".visible").setAttribute("aria-pressed", visible);
    part(".visible").setAttribute("aria-label", `Show ${this.nameOf(index)}`);
    part(".visible").title = visible ? "Hide" : "Show";
    part(".visible use").setAttribute("href", visible ? "#icon-eye" : "#icon-closed");
    part(".solo").setAttribute("aria-pressed", isSolo);
    part(".opacity").value = Math.round(opacity * 100);
    part(".percent").textContent = `${Math.round(opacity * 100)} %`;
    if (color) part(".color").value = toHex(color);
    this.drawThumbnail(index);
  }

  // A layer as it is drawn in white over black and, where it has colours of its own, in these: ImageData.
  setPicture(index, mask, colors) {
    this.pictures.set(index, { mask, colors });
    this.drawThumbnail(index);
  }

  // The layer's mask in its colour or its colours.
  drawThumbnail(index) {
    if (!this.pictures.has(index)) return;
    const { mask: { width, height, data }, colors } = this.pictures.get(index);
    const color = this.store.state.layers[index].color?.map((value) => value * 255);
    const picture = new ImageData(width, height);
    let [covered, light] = [0, 0];
    for (let pixel = 0; pixel < data.length; pixel += 4) {
      const alpha = data[pixel];
      if (!alpha) continue;
      const [red, green, blue] = color ?? [0, 1, 2].map((channel) => (colors.data[pixel + channel] * 255) / alpha);
      picture.data.set([red, green, blue, alpha], pixel);
      covered += alpha;
      light += alpha * (0.3 * red + 0.59 * green + 0.11 * blue);
    }
    const canvas = Object.assign(this.rows[index].querySelector(".thumbnail"), { width, height });
    canvas.classList.toggle("is-light", light > 140 * covered); // and so on a dark ground
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }
}
