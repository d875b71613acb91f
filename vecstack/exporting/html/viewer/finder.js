"use strict";

// Which layers show at a point of the picture.

const LEAST_ALPHA = 0.1; // of a layer that shows at a point
const LEAST_EFFECT = 2 / 255; // on the colour there

class Finder {
  // `scene` is { canvas, layers, assets }, the layers as drawnLayers gives them and the assets as bytes.
  constructor(scene) {
    this.scene = scene;
    this.probes = new Map(); // index -> what tells the layer's alpha and colours at a point, made when it is asked for
  }

  // The layers of a style (see worker.js) that show at a point of the canvas or would without those above, topmost
  // first: those that are not nearly clear there and change what lies below. `grid` has the scale of what is seen.
  at(x, y, grid, { background, layers }) {
    const found = [];
    let below = background ?? [0, 0, 0];
    for (const { index, color, opacity } of layers) {
      const seen = opacity > 0 ? this.probe(index)(x, y, grid) : null;
      if (!seen) continue;
      const alpha = seen.alpha * opacity;
      const own = color ?? seen.color ?? [0, 0, 0];
      const changes = below.map((value, channel) => alpha * (own[channel] - value));
      const isNew = background === null && !found.length; // on nothing, every colour is a change
      if (alpha > LEAST_ALPHA && (isNew || changes.some((change) => Math.abs(change) > LEAST_EFFECT))) {
        found.unshift(index);
      }
      below = below.map((value, channel) => value + changes[channel]);
    }
    return found;
  }

  probe(index) {
    if (!this.probes.has(index)) this.probes.set(index, this.makeProbe(this.scene.layers[index]));
    return this.probes.get(index);
  }

  makeProbe({ layer, hasColors }) {
    const { canvas, assets } = this.scene;
    const kind = kinds.get(layer.kind);
    if (kind.path) return pathProbe(kind.path(layer), transformOf(layer, canvas));
    return surfaceProbe(kind.prepare(layer, assets), transformOf(layer, canvas), hasColors);
  }

  // Forget a layer, which has changed.
  forget(index) {
    this.probes.delete(index);
  }
}

// What tells of a layer with a surface { alpha, color } at a point of the canvas, or null where it has nothing; without
// a colour where the layer has just one.
function surfaceProbe(surface, transform, hasColors) {
  const [us, vs, heights, color] = [1, 1, 1, 3].map((length) => new Float64Array(length));
  return (x, y, grid) => {
    const [a, b, c, d, e, f] = pixelsToFrame(transform, grid);
    const [column, row] = [x * grid.scaleX, y * grid.scaleY];
    us[0] = a * column + b * row + c;
    vs[0] = d * column + e * row + f;
    if (surface.isBounded && Math.max(Math.abs(us[0]), Math.abs(vs[0])) > 1) return null;
    const steps = [a, b, d, e];
    surface.heights(us, vs, 1, heights, steps);
    const alpha = surface.mask(heights[0], us[0], vs[0]);
    if (!hasColors || !surface.colors) return { alpha };
    surface.colors(us, vs, 1, color, steps);
    return { alpha, color: [...color] };
  };
}

// The same of a layer that is a path.
function pathProbe({ contours, gradient, parts, image }, transform) {
  if (parts) return partsProbe(parts, transform);
  if (image) return imageProbe(image, transform);
  const outline = new Path2D();
  for (const contour of contours) addContour(outline, contour);
  const paper = new OffscreenCanvas(1, 1).getContext("2d");
  const [a, b, c, d, e, f] = inverseOf(transform);
  return (x, y) => {
    const [u, v] = [a * x + b * y + c, d * x + e * y + f];
    if (!paper.isPointInPath(outline, u, v)) return null;
    return gradient ? { alpha: 1, color: gradientColor(gradient, u, v) } : { alpha: 1 };
  };
}

// The same of one that has parts: of the topmost of them that is there.
function partsProbe(parts, transform) {
  const probes = parts.map((part) => pathProbe(part, transform));
  return (x, y) => {
    const top = probes.findLastIndex((probe) => probe(x, y));
    if (top < 0) return null;
    return { alpha: parts[top].opacity, color: parts[top].color ?? probes[top](x, y).color };
  };
}

// The same of one that is a picture.
function imageProbe(image, transform) {
  const paper = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const [a, b, c, d, e, f] = inverseOf(transform);
  const half = Math.max(image.width, image.height) / 2;
  return (x, y) => {
    const column = Math.floor((a * x + b * y + c) * half + image.width / 2);
    const row = Math.floor((d * x + e * y + f) * half + image.height / 2);
    paper.clearRect(0, 0, 1, 1);
    paper.drawImage(image, -column, -row);
    const [red, green, blue, alpha] = paper.getImageData(0, 0, 1, 1).data;
    return alpha ? { alpha: alpha / 255, color: [red, green, blue].map((value) => value / 255) } : null;
  };
}

function addContour(outline, contour) {
  outline.moveTo(contour[0], contour[1]);
  for (let at = 2; at < contour.length; at += 6) {
    const end = (at + 4) % contour.length; // of the last piece, the first knot
    outline.bezierCurveTo(...contour.slice(at, at + 4), contour[end], contour[end + 1]);
  }
  outline.closePath();
}

// The colour of a gradient (see kinds.js) at a point of its frame.
function gradientColor({ shape, start, end, stops, focus }, u, v) {
  const [x, y, toX, toY] = [u - start[0], v - start[1], end[0] - start[0], end[1] - start[1]];
  const square = toX ** 2 + toY ** 2;
  const offset = shape === "linear" ? (x * toX + y * toY) / square : radialOffset(x, y, start, focus ?? start, square);
  const after = stops.findIndex(([place]) => place > offset);
  if (after <= 0) return (after ? stops.at(-1) : stops[0]).slice(1);
  const [from, to] = [stops[after - 1], stops[after]];
  const share = (offset - from[0]) / (to[0] - from[0]);
  return [1, 2, 3].map((channel) => from[channel] + (to[channel] - from[channel]) * share);
}

// The offset, on circles that grow from a focus to the one about the start whose radius has a square, at (x, y) from it.
function radialOffset(x, y, start, focus, square) {
  const [fx, fy] = [focus[0] - start[0], focus[1] - start[1]];
  const [dx, dy, room] = [x - fx, y - fy, square - fx ** 2 - fy ** 2];
  const along = dx * fx + dy * fy;
  return (along + Math.sqrt(along ** 2 + room * (dx ** 2 + dy ** 2))) / room;
}
