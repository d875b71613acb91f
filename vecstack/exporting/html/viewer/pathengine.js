"use strict";

// Drawing of pictures all of whose layers are paths: each tile at once, on a 2D canvas.
class PathEngine {
  // Whether all layers that can be drawn, one at least, are paths.
  static canDraw({ layers }) {
    const drawn = layers.filter(Boolean);
    return drawn.length > 0 && drawn.every(({ layer }) => kinds.get(layer.kind).path);
  }

  constructor({ canvas, layers }) {
    this.name = "canvas";
    this.tileSize = 512;
    this.pictures = new Map(); // id -> { style, grid, layers, keep, listener, tiles: Map }
    this.waiting = []; // tiles to be drawn
    this.canvas = canvas;
    this.scene = layers.map((drawn) => drawn && pathLayer(drawn, canvas));
  }

  // Take another layer in the place of one; pictures that are begun later have it.
  renew(index, drawn) {
    this.scene[index] = pathLayer(drawn, this.canvas);
  }

  bake(id, { style, grid, tiles, layers, keep }, listener) {
    const picture = this.pictures.get(id) ?? { tiles: new Map() };
    this.pictures.set(id, picture);
    Object.assign(picture, { style, grid, keep, listener, layers: new Set(layers) });
    for (const tile of tiles) {
      picture.tiles.set(tile.id, tile);
      this.waiting.push({ picture, tile });
    }
    this.schedule();
  }

  schedule() {
    if (this.isScheduled || !this.waiting.length) return;
    this.isScheduled = true;
    setTimeout(() => {
      this.isScheduled = false;
      const end = performance.now() + DRAW_MS;
      while (this.waiting.length && performance.now() < end) {
        const { picture, tile } = this.waiting.shift();
        if (picture.tiles.get(tile.id) === tile) this.draw(picture, tile);
      }
      this.schedule();
    });
  }

  // Lay the layers over one another on a tile, and hand it on. Where only more layers lie on top than before, as when it
  // is played how a picture is built up, just these are laid over what is there.
  draw(picture, tile) {
    const { grid, style, layers, listener } = picture;
    const seen = style.layers.filter(({ index, opacity }) => opacity > 0 && layers.has(index));
    const done = tile.drawn && continues(tile.drawn, style.background, seen) ? tile.drawn.seen.length : 0;
    tile.paper ??= paperOf(tile);
    const { paper } = tile;
    if (!done) this.clear(paper, tile, style.background);
    for (const { index, color, opacity } of seen.slice(done)) {
      const { path, transform, bounds } = this.scene[index];
      if (!overlap(tile, bounds, grid)) continue;
      paper.globalAlpha = opacity;
      fillPath(paper, path, frameToPixels(transform, grid, tile), tile, color);
    }
    tile.drawn = { background: style.background, seen };
    if (!picture.keep) picture.tiles.delete(tile.id);
    listener([{ id: tile.id, isFinal: true, pixels: paper.canvas }]);
  }

  clear(paper, { width, height }, background) {
    paper.globalAlpha = 1;
    paper.clearRect(0, 0, width, height);
    if (!background) return;
    paper.fillStyle = cssColor(background);
    paper.fillRect(0, 0, width, height);
  }

  async restyle(id, style) {
    const picture = this.pictures.get(id);
    if (!picture) return;
    picture.style = style;
    for (const tile of picture.tiles.values()) if (tile.isFinal) this.draw(picture, tile);
    await new Promise(requestAnimationFrame);
  }

  expect() {}

  drop(id, ids) {
    const picture = this.pictures.get(id);
    if (!picture) return;
    for (const key of ids ?? [...picture.tiles.keys()]) picture.tiles.delete(key);
    if (ids === null) this.pictures.delete(id);
  }

  close() {}
}

function paperOf({ width, height }) {
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  return sheet.getContext("2d", { willReadFrequently: true });
}

// Whether what is seen begins with all that has been drawn.
function continues(drawn, background, seen) {
  return sameValues(drawn.background, background) && drawn.seen.length <= seen.length
    && drawn.seen.every((layer, place) => areAlike(layer, seen[place]));
}
