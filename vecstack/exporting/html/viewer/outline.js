"use strict";

// The edge of layers, seen on the picture for a moment after they were selected.

const EDGE_LEVEL = 0.5; // of the strongest place of a mask: where its edge is thought to be
const EDGE_COLORS = [[255, 255, 255], [20, 60, 140]]; // within the edge and outside it: one of them shows anywhere
const HOLD_MS = 900;
const FADE_MS = 500;

class Outliner {
  constructor(stage) {
    this.stage = stage;
    this.count = 0; // of what was asked for: what comes late is not shown
  }

  // Show the edge of all layers of a list of indices together. Resolves when it is there.
  async show(indices) {
    const turn = ++this.count;
    this.stage.outline = null;
    this.stage.request();
    if (!indices.length) return;
    const { grid, seen: rect } = this.stage;
    const layers = indices.map((index) => ({ index, color: [1, 1, 1], opacity: 1 }));
    const style = { background: [0, 0, 0], layers };
    const mask = await drawnPart(this.stage.chooseEngine, grid, rect, style);
    if (turn !== this.count) return;
    this.stage.outline = { sheet: edgeOf(mask, Math.round(2 * this.stage.density)), rect, grid, opacity: 1 };
    this.fade(turn, performance.now());
  }

  fade(turn, start) {
    if (turn !== this.count) return;
    const late = performance.now() - start - HOLD_MS;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const opacity = isStill ? Number(late < FADE_MS) : 1 - Math.max(late, 0) / FADE_MS;
    if (opacity > 0) {
      this.stage.outline.opacity = opacity;
      requestAnimationFrame(() => this.fade(turn, start));
    } else {
      this.stage.outline = null;
    }
    this.stage.request();
  }
}

// A canvas with the edge of a mask, the red of ImageData: lines so many pixels wide on both sides. What lies outside
// the picture is not covered.
function edgeOf(mask, side) {
  const { width, height } = mask;
  const { covered, stride } = coveredOf(mask, side);
  const edge = new ImageData(width, height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = (y + side) * stride + side; x < width; x++, at++, to += 4) {
      const inside = covered[at];
      const isAlike = covered[at - side] === inside && covered[at + side] === inside
        && covered[at - side * stride] === inside && covered[at + side * stride] === inside;
      if (isAlike) continue;
      const [red, green, blue] = EDGE_COLORS[1 - inside];
      edge.data[to] = red;
      edge.data[to + 1] = green;
      edge.data[to + 2] = blue;
      edge.data[to + 3] = 255;
    }
  }
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  sheet.getContext("2d").putImageData(edge, 0, 0);
  return sheet;
}

// Whether a mask covers each pixel, 0 or 1, with a margin of what it does not cover; `stride` pixels a row.
function coveredOf({ width, height, data }, margin) {
  let strongest = 0;
  for (let at = 0; at < data.length; at += 4) strongest = Math.max(strongest, data[at]);
  const least = Math.max(strongest * EDGE_LEVEL, 1);
  const stride = width + 2 * margin;
  const covered = new Uint8Array(stride * (height + 2 * margin));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, to = (y + margin) * stride + margin; x < width; x++, at += 4, to++) covered[to] = data[at] >= least;
  }
  return { covered, stride };
}
