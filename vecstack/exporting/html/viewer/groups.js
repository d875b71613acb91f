"use strict";

// The groups of a document. Layers are drawn in their order, whatever their groups, so that a list of layers shows a
// group once for each run of neighbours. Groups are known by their indices in the document, as layers are.

class Groups {
  constructor(layers, groups) {
    const places = new Map(groups.map(({ id }, group) => [id, group]));
    this.count = groups.length;
    this.paths = layers.map((layer) => pathOf(groups, places, layer.group)); // of groups, outermost first
    this.members = groups.map(() => []); // the layers in each and in groups within it
    this.paths.forEach((path, index) => path.forEach((group) => this.members[group].push(index)));
  }

  // What a list of layers shows, topmost first: { index, path } of each layer, below { group, run, count, path } of
  // each group that begins there, the topmost run being 0, with so many layers; `path` are the groups that a row lies
  // in, outermost first.
  rowsOf(order) {
    const runs = new Array(this.count).fill(0);
    const rows = [];
    let open = []; // the rows of the groups that a layer is in
    let before = [];
    for (const index of [...order].reverse()) {
      const path = this.paths[index];
      open = open.slice(0, sharedCount(before, path));
      for (let depth = open.length; depth < path.length; depth++) {
        open.push({ group: path[depth], run: runs[path[depth]]++, count: 0, path: path.slice(0, depth) });
        rows.push(open[depth]);
      }
      for (const row of open) row.count++;
      rows.push({ index, path });
      before = path;
    }
    return rows;
  }
}

function pathOf(groups, places, id) {
  const path = [];
  for (let group = places.get(id); group !== undefined; group = places.get(groups[group].parent)) path.unshift(group);
  return path;
}

// How many groups two paths have in common, from the outermost.
function sharedCount(one, other) {
  const place = one.findIndex((group, depth) => group !== other[depth]);
  return place < 0 ? one.length : place;
}

// Colours whose mean, weighted, is another colour: all moved by the same way in OKLab, and so as different from one
// another as they were, as far as sRGB has such colours.
function shiftedColors(colors, weights, mean) {
  const [from, to] = [meanPoint(colors, weights), toOklab(mean)];
  return colors.map((color) => {
    const point = toOklab(color).map((value, axis) => value + to[axis] - from[axis]);
    return fromOklab(point).map((value) => Math.round(value * 1e4) / 1e4); // as finely as documents keep colours
  });
}

function meanColor(colors, weights) {
  return fromOklab(meanPoint(colors, weights));
}

function meanPoint(colors, weights) {
  const points = colors.map(toOklab);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return [0, 1, 2].map((axis) => points.reduce((sum, point, place) => sum + point[axis] * weights[place], 0) / whole);
}

// The colours of a layer of the document in a state: the one that it has, or its own; none that cannot be changed.
function colorsIn(layer, { color, fields }) {
  if (color) return [color];
  const found = [];
  const note = (own) => {
    found.push(own);
    return own;
  };
  if (fields) kinds.get(layer.kind).recolored({ ...layer, ...fields }, note);
  return found;
}

// What a layer's state becomes with other colours, taken from the front of a list.
function recoloredState(layer, { color, fields }, colors) {
  if (color) return { color: colors.shift() };
  return { fields: kinds.get(layer.kind).recolored({ ...layer, ...fields }, () => colors.shift()) };
}

// OKLab as vecstack/color.py has it: linear sRGB to three cones, and their cube roots to lightness and two axes.
const CONES = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const OKLAB = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];
const CHROMA_STEPS = 12; // halvings in the search for a chroma that sRGB can show
const GAMUT_SLACK = 1e-5;

function toOklab(color) {
  const linear = color.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return times(OKLAB, times(CONES, linear).map(Math.cbrt));
}

// The sRGB colour of a point; where there is none, one of less chroma.
function fromOklab([lightness, ...axes]) {
  const at = (share) => linearOf([lightness, ...axes.map((value) => value * share)]);
  const isShown = (linear) => linear.every((value) => value >= -GAMUT_SLACK && value <= 1 + GAMUT_SLACK);
  let [least, most] = [0, 1];
  if (isShown(at(1))) least = 1;
  for (let step = 0; step < CHROMA_STEPS && least < 1; step++) {
    const middle = (least + most) / 2;
    if (isShown(at(middle))) least = middle;
    else most = middle;
  }
  return at(least).map((value) => {
    const inside = Math.min(Math.max(value, 0), 1);
    return inside <= 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055;
  });
}

function linearOf(point) {
  return times(FROM_CONES, times(FROM_OKLAB, point).map((value) => value ** 3));
}

function times(matrix, vector) {
  return matrix.map((row) => row.reduce((sum, value, column) => sum + value * vector[column], 0));
}

// The inverse of a matrix of three rows: its adjugate over its determinant.
function inverted(matrix) {
  const minor = (row, column) => {
    const [[a, b], [c, d]] = [1, 2].map((down) =>
      [1, 2].map((right) => matrix[(row + down) % 3][(column + right) % 3]));
    return a * d - b * c;
  };
  const determinant = [0, 1, 2].reduce((sum, column) => sum + matrix[0][column] * minor(0, column), 0);
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => minor(column, row) / determinant));
}

const FROM_CONES = inverted(CONES);
const FROM_OKLAB = inverted(OKLAB);
