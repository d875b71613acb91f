"use strict";

// A picture that an engine draws tile by tile: the part `rect` of a grid of pixels { scaleX, scaleY } on the canvas.
class Picture {
  static count = 0;

  // `layers` are the indices of the layers whose masks are drawn; without `keep`, it is drawn once, in one style.
  constructor(engine, grid, { style, layers, keep, onchange = () => {} }) {
    Object.assign(this, { engine, grid, style, layers, keep, onchange });
    this.id = ++Picture.count;
    this.rect = null; // of whole tiles, what the sheet shows
    this.sheet = null;
    this.tiles = new Map(); // id -> tile
    this.isRestyling = false;
    this.nextStyle = null;
    this.drawnStyle = style;
  }

  // Show a part of the grid; tiles of an earlier one are used again. Resolves when it is drawn as it is meant to be.
  show(rect) {
    const wanted = this.tilesOf(rect);
    this.takeSheet([...wanted.values()]);
    const gone = [...this.tiles.keys()].filter((id) => !wanted.has(id));
    this.engine.drop(this.id, gone);
    for (const id of gone) this.tiles.delete(id);
    const fresh = [...wanted.values()].filter(({ id }) => !this.tiles.has(id));
    for (const tile of fresh) this.tiles.set(tile.id, tile);
    const { style, grid, layers, keep } = this;
    const request = { style, grid, layers, keep, tiles: fresh };
    this.engine.bake(this.id, request, (tiles) => this.receive(tiles));
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.settle();
    });
  }

  // A sheet for tiles, with what the one before showed of them.
  takeSheet(tiles) {
    const { rect: oldRect, sheet: oldSheet } = this;
    const left = Math.min(...tiles.map((tile) => tile.left));
    const top = Math.min(...tiles.map((tile) => tile.top));
    const width = Math.max(...tiles.map((tile) => tile.left + tile.width)) - left;
    const height = Math.max(...tiles.map((tile) => tile.top + tile.height)) - top;
    this.rect = { left, top, width, height };
    this.sheet = Object.assign(document.createElement("canvas"), { width, height });
    this.paper = this.sheet.getContext("2d", { willReadFrequently: this.engine.name !== "webgl2" });
    if (oldSheet) this.paper.drawImage(oldSheet, oldRect.left - left, oldRect.top - top);
  }

  // The tiles of a rectangle, those at its middle first; of a picture that is drawn once, no more than is in it.
  tilesOf({ left, top, width, height }) {
    const size = this.engine.tileSize;
    const [middleX, middleY] = [(left + width / 2) / size - 0.5, (top + height / 2) / size - 0.5];
    const whole = { left: 0, top: 0, right: Math.ceil(this.grid.width), bottom: Math.ceil(this.grid.height) };
    const limit = this.keep ? whole : { left, top, right: left + width, bottom: top + height };
    const tiles = [];
    for (let row = Math.floor(top / size); row * size < top + height; row++) {
      for (let column = Math.floor(left / size); column * size < left + width; column++) {
        const [x, y] = [Math.max(column * size, limit.left), Math.max(row * size, limit.top)];
        const [w, h] = [Math.min((column + 1) * size, limit.right) - x, Math.min((row + 1) * size, limit.bottom) - y];
        tiles.push({ id: `${column},${row}`, column, row, left: x, top: y, width: w, height: h, isFinal: false });
      }
    }
    const distance = ({ column, row }) => Math.hypot(column - middleX, row - middleY);
    tiles.sort((one, other) => distance(one) - distance(other));
    return new Map(tiles.map((tile) => [tile.id, tile]));
  }

  receive(tiles) {
    for (const { id, isFinal, pixels } of tiles) {
      const tile = this.tiles.get(id);
      if (!tile) continue;
      tile.isFinal ||= isFinal;
      tile.isDrafted = true;
      const { left, top } = this.rect;
      const [x, y] = [tile.left - left, tile.top - top];
      if (pixels instanceof Uint8ClampedArray) {
        this.paper.putImageData(new ImageData(pixels, tile.width, tile.height), x, y);
      } else {
        this.paper.clearRect(x, y, tile.width, tile.height);
        this.paper.drawImage(pixels, 0, 0, tile.width, tile.height, x, y, tile.width, tile.height);
      }
    }
    this.onchange();
    this.settle();
  }

  // How much of the picture is drawn as it is meant to be, 0..1.
  get share() {
    const tiles = [...this.tiles.values()];
    return tiles.length ? tiles.filter(({ isFinal }) => isFinal).length / tiles.length : 1;
  }

  get isDrafted() {
    return [...this.tiles.values()].every(({ isDrafted }) => isDrafted);
  }

  settle() {
    if (this.share === 1) this.resolve?.();
  }

  // Other colours; while an engine is at it, only the last of several waits.
  async restyle(style) {
    this.style = style;
    this.nextStyle = style;
    if (this.isRestyling) return;
    this.isRestyling = true;
    while (this.nextStyle) {
      const focus = focusOf(this.drawnStyle, this.nextStyle);
      this.drawnStyle = this.nextStyle;
      this.nextStyle = null;
      await this.engine.restyle(this.id, this.drawnStyle, focus);
    }
    this.isRestyling = false;
  }

  // Make ready for a change of one layer, or of the background (-1).
  expect(focus) {
    if (!this.isRestyling) this.engine.expect(this.id, focus);
  }

  close() {
    this.engine.drop(this.id, null);
  }
}

// The index of the only layer in which two styles differ (-1: the background), or null.
function focusOf(before, after) {
  const isMoved = before.layers.length !== after.layers.length
    || before.layers.some(({ index }, place) => index !== after.layers[place].index);
  if (isMoved) return null;
  const changed = after.layers.filter((layer, place) => !areAlike(layer, before.layers[place]));
  const indices = changed.map(({ index }) => index);
  if (!sameValues(before.background, after.background)) indices.push(-1);
  return indices.length === 1 ? indices[0] : null;
}

// Whether two entries of styles are one layer, seen alike.
function areAlike(one, other) {
  return one.index === other.index && one.opacity === other.opacity && sameValues(one.color, other.color);
}

// Whether two colours, which may be null, are the same.
function sameValues(one, other) {
  return one === other || (!!one && !!other && sameColor(one, other));
}
