"use strict";

// Drawing in plain JavaScript, by workers that each keep a part of the tiles.
class ScriptEngine {
  constructor(source, document) {
    this.name = "script";
    this.tileSize = 128;
    this.listeners = new Map(); // picture -> (tiles) => void
    this.onfailure = () => {};
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const count = Math.max(1, Math.min(navigator.hardwareConcurrency || 2, 16));
    this.workers = Array.from({ length: count }, () => {
      const worker = new Worker(url);
      worker.onmessage = ({ data }) => this.hear(data);
      worker.onerror = () => this.onfailure("Drawing stopped. Reload the page.");
      worker.postMessage({ type: "load", document });
      return worker;
    });
    this.waiting = new Map(); // serial of a style -> workers that have not answered, and what then
    this.serials = 0;
  }

  // Take another layer in the place of one; pictures that are begun later have it.
  renew(index, drawn) {
    for (const worker of this.workers) worker.postMessage({ type: "renew", index, drawn });
  }

  suits() {
    return true;
  }

  // Draw tiles; `listener` gets lists of { id, isFinal, pixels }.
  bake(picture, request, listener) {
    this.listeners.set(picture, listener);
    this.workers.forEach((worker, index) => {
      const tiles = request.tiles.filter(({ column, row }) => (column + row) % this.workers.length === index);
      const plain = tiles.map(({ id, left, top, width, height }) => ({ id, left, top, width, height }));
      worker.postMessage({ ...request, type: "bake", picture, tiles: plain });
    });
  }

  // Other colours for a picture's tiles, `focus` as in worker.js; resolves when all have them.
  restyle(picture, style, focus) {
    const serial = ++this.serials;
    for (const worker of this.workers) worker.postMessage({ type: "style", picture, style, focus, serial });
    return new Promise((resolve) => this.waiting.set(serial, { left: this.workers.length, resolve }));
  }

  // Make ready for a change of one layer.
  expect(picture, focus) {
    for (const worker of this.workers) worker.postMessage({ type: "expect", picture, focus });
  }

  drop(picture, ids) {
    if (ids === null) this.listeners.delete(picture);
    for (const worker of this.workers) worker.postMessage({ type: "drop", picture, ids });
  }

  hear(data) {
    if (data.type === "error") {
      this.onfailure(`Drawing stopped: ${data.message}. Reload the page.`);
      return;
    }
    this.listeners.get(data.picture)?.(data.tiles);
    const waiting = this.waiting.get(data.serial);
    if (waiting && --waiting.left === 0) {
      this.waiting.delete(data.serial);
      waiting.resolve();
    }
  }

  close() {
    for (const worker of this.workers) worker.terminate();
  }
}
