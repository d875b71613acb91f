"use strict";

// Masks of slow layers, drawn with few evaluations: polynomials on the cells of a quadtree that is split only where a
// polynomial misses the mask. What is interpolated are heights: they stay smooth across an edge of a mask, which is
// where a sigmoid goes from 0 to 1.

const NODES = 6; // on a side of a cell
const TAIL = 2; // degrees whose weight tells how much a polynomial misses
const TOLERANCE = 0.5 / 255; // of a mask
const CHECKS = [[0.5, 0.5], [0.27, 0.81], [0.83, 0.33]]; // places in a cell at which its polynomial is compared
const MASK_ONE = 65535; // a mask of 1 as it is kept

// The zeros of the Chebyshev polynomial of degree NODES, in 0..1, and the weights of interpolation between them.
const PLACES = Float64Array.from({ length: NODES }, (_, k) => (1 - Math.cos(((k + 0.5) * Math.PI) / NODES)) / 2);
const BARYCENTRIC = Float64Array.from({ length: NODES }, (_, k) => (-1) ** k * Math.sin(((k + 0.5) * Math.PI) / NODES));

// What each node's value counts at a place.
function nodeShares(place) {
  const exact = PLACES.indexOf(place);
  if (exact >= 0) return PLACES.map((_, k) => Number(k === exact));
  const shares = PLACES.map((node, k) => BARYCENTRIC[k] / (place - node));
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share / sum);
}

// The shares of the nodes at the centres of `count` pixels side by side: [count * NODES].
const pixelShares = new Map();

function sharesOf(count) {
  if (!pixelShares.has(count)) {
    const rows = Array.from({ length: count }, (_, index) => [...nodeShares((index + 0.5) / count)]);
    pixelShares.set(count, Float64Array.from(rows.flat()));
  }
  return pixelShares.get(count);
}

const CHECK_SHARES = CHECKS.map(([x, y]) => [nodeShares(x), nodeShares(y)]);

// The matrix that takes values at the nodes to those of the polynomial without its last TAIL degrees.
const LOW_PASS = (() => {
  const value = (degree, k) => Math.cos(degree * Math.acos(Math.max(-1, Math.min(1, 2 * PLACES[k] - 1))));
  const matrix = new Float64Array(NODES * NODES);
  for (let i = 0; i < NODES; i++) {
    for (let j = 0; j < NODES; j++) {
      for (let degree = 0; degree < NODES - TAIL; degree++) {
        matrix[i * NODES + j] += ((degree === 0 ? 1 : 2) / NODES) * value(degree, i) * value(degree, j);
      }
    }
  }
  return matrix;
})();

// left [rows, NODES] times values [NODES, NODES] times the transpose of right [columns, NODES].
function sandwich(left, rows, values, right, columns, out) {
  const line = new Float64Array(NODES);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < NODES; k++) {
      let sum = 0;
      for (let i = 0; i < NODES; i++) sum += left[row * NODES + i] * values[i * NODES + k];
      line[k] = sum;
    }
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < NODES; k++) sum += right[column * NODES + k] * line[k];
      out[row * columns + column] = sum;
    }
  }
}

// The mask of one layer on the pixels of a rectangle { left, top, width, height } of a grid; with `hasColors` also the
// layer's own colours, if its surface has any.
class Plane {
  // `toFrame` is the map of pixelsToFrame.
  constructor(surface, toFrame, rect, hasColors) {
    this.surface = surface;
    this.toFrame = toFrame;
    this.rect = rect;
    const [a, b, , d, e] = toFrame;
    this.steps = [a, b, d, e];
    this.values = new Uint16Array(rect.width * rect.height);
    this.colors = hasColors && surface.colors ? new Uint16Array(3 * rect.width * rect.height) : null; // as `values` are
    this.least = 0;
    this.most = MASK_ONE;
    this.root = null; // heights at the nodes of the whole, from the draft on
    this.evaluations = 0;
  }

  // A first, rough mask, in one step; as it is meant to be where the surface is quick.
  draft() {
    const { width, height } = this.rect;
    if (this.colors) this.drawColors();
    if (!this.surface.isSlow || width * height <= NODES * NODES) {
      this.drawExact(0, 0, width, height);
      this.finish();
    } else {
      this.root = this.nodeHeights(0, 0, width, height);
      this.drawPatch(this.root, 0, 0, width, height);
    }
  }

  get isFinished() {
    return this.root === null;
  }

  // The mask as it is meant to be; yields from time to time.
  *refine() {
    if (this.isFinished) return;
    const cells = [[0, 0, this.rect.width, this.rect.height, this.root]];
    while (cells.length) {
      const [left, top, width, height, known] = cells.pop();
      if (width * height <= NODES * NODES) {
        this.drawExact(left, top, width, height);
      } else {
        const heights = known ?? this.nodeHeights(left, top, width, height);
        if (this.isClose(heights, left, top, width, height)) this.drawPatch(heights, left, top, width, height);
        else cells.push(...quarters(left, top, width, height));
      }
      yield;
    }
    this.finish();
  }

  finish() {
    this.root = null;
    this.least = this.values.reduce((least, value) => Math.min(least, value), MASK_ONE);
    this.most = this.values.reduce((most, value) => Math.max(most, value), 0);
  }

  // The heights of points at places (pixels from the corner of the rectangle), with their places in the local frame.
  at(xs, ys) {
    const { us, vs } = this.placesAt(xs, ys);
    const heights = new Float64Array(xs.length);
    this.surface.heights(us, vs, xs.length, heights, this.steps);
    this.evaluations += xs.length;
    return { us, vs, heights };
  }

  placesAt(xs, ys) {
    const [a, b, c, d, e, f] = this.toFrame;
    const { left, top } = this.rect;
    const count = xs.length;
    const us = new Float64Array(count);
    const vs = new Float64Array(count);
    for (let point = 0; point < count; point++) {
      const x = left + xs[point];
      const y = top + ys[point];
      us[point] = a * x + b * y + c;
      vs[point] = d * x + e * y + f;
    }
    return { us, vs };
  }

  nodeHeights(left, top, width, height) {
    const xs = new Float64Array(NODES * NODES);
    const ys = new Float64Array(NODES * NODES);
    for (let i = 0; i < NODES; i++) {
      for (let j = 0; j < NODES; j++) {
        xs[i * NODES + j] = left + PLACES[j] * width;
        ys[i * NODES + j] = top + PLACES[i] * height;
      }
    }
    return this.at(xs, ys).heights;
  }

  // Whether the polynomial through heights at the nodes of a cell gives the mask there.
  isClose(heights, left, top, width, height) {
    const [a, b, c, d, e, f] = this.toFrame;
    const smooth = new Float64Array(NODES * NODES);
    sandwich(LOW_PASS, NODES, heights, LOW_PASS, NODES, smooth);
    for (let i = 0; i < NODES; i++) {
      for (let j = 0; j < NODES; j++) {
        const x = this.rect.left + left + PLACES[j] * width;
        const y = this.rect.top + top + PLACES[i] * height;
        if (!this.agree(heights[i * NODES + j], smooth[i * NODES + j], a * x + b * y + c, d * x + e * y + f)) {
          return false;
        }
      }
    }
    const xs = CHECKS.map(([x]) => left + x * width);
    const ys = CHECKS.map(([, y]) => top + y * height);
    const { us, vs, heights: exact } = this.at(xs, ys);
    const found = new Float64Array(1);
    return CHECK_SHARES.every(([across, down], index) => {
      sandwich(down, 1, heights, across, 1, found);
      return this.agree(exact[index], found[0], us[index], vs[index]);
    });
  }

  agree(one, other, u, v) {
    return Math.abs(this.surface.mask(one, u, v) - this.surface.mask(other, u, v)) <= TOLERANCE;
  }

  drawPatch(heights, left, top, width, height) {
    const [a, b, c, d, e, f] = this.toFrame;
    const { surface, values, rect } = this;
    const found = new Float64Array(width * height);
    sandwich(sharesOf(height), height, heights, sharesOf(width), width, found);
    for (let row = 0; row < height; row++) {
      const y = rect.top + top + row + 0.5;
      for (let column = 0; column < width; column++) {
        const x = rect.left + left + column + 0.5;
        const value = surface.mask(found[row * width + column], a * x + b * y + c, d * x + e * y + f);
        values[(top + row) * rect.width + left + column] = value * MASK_ONE + 0.5;
      }
    }
  }

  // The colour of every pixel: it is the same in the draft.
  drawColors() {
    const { width, height } = this.rect;
    const xs = Float64Array.from({ length: width }, (_, column) => column + 0.5);
    const ys = new Float64Array(width);
    const found = new Float64Array(3 * width);
    for (let row = 0; row < height; row++) {
      const { us, vs } = this.placesAt(xs, ys.fill(row + 0.5));
      this.surface.colors(us, vs, width, found, this.steps);
      const first = 3 * row * width;
      for (let index = 0; index < found.length; index++) {
        this.colors[first + index] = Math.min(Math.max(found[index], 0), 1) * MASK_ONE + 0.5;
      }
    }
  }

  // Every pixel of a cell by itself.
  drawExact(left, top, width, height) {
    const { surface, values, rect } = this;
    const xs = new Float64Array(width);
    const ys = new Float64Array(width);
    for (let column = 0; column < width; column++) xs[column] = left + column + 0.5;
    for (let row = top; row < top + height; row++) {
      const { us, vs, heights } = this.at(xs, ys.fill(row + 0.5));
      for (let column = 0; column < width; column++) {
        const value = surface.mask(heights[column], us[column], vs[column]);
        values[row * rect.width + left + column] = value * MASK_ONE + 0.5;
      }
    }
  }
}

// The four parts of a cell, whole pixels each.
function quarters(left, top, width, height) {
  const [half, middle] = [width >> 1, height >> 1];
  const columns = [[left, half], [left + half, width - half]];
  const rows = [[top, middle], [top + middle, height - middle]];
  return rows.flatMap(([y, h]) => columns.map(([x, w]) => [x, y, w, h, null])).filter(([, , w, h]) => w && h);
}
