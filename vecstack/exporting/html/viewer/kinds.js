"use strict";

// Kinds of layer, by name. A kind's own script (viewer.js in its folder) runs once in the page and once in each worker,
// inside a function of its own: none of its names is seen outside, and it may reuse any name, including those of the
// core and of other kinds. It registers itself with
//
//   kinds.set(name, { prepare(layer, assets), glsl })    or    kinds.set(name, { path(layer) })
//
// both with `recolored`, where its layers have colours of their own that can be changed,
//
// and may use these names of the core, and no others: kinds, sigmoid, fade, FADE_GLSL, fromBase64.
//
// `layer` is an object of the document, `assets` a Map from an asset's name to its bytes (Uint8Array). The colour of a
// layer that has just one is not the script's business: the page knows it from Python and lays it on.
//
// `prepare` gives a surface, the layer's mask as a function of a point of its local frame:
//   heights(us, vs, count, out, steps)   writes its heights at points (u, v) to `out`; a smooth function
//   isSlow                               whether heights take so long that they are interpolated where they can be
//   mask(height, u, v)                   the mask 0..1 at a point, quickly, from its height there
//   isBounded                            whether the mask is 0 outside the local frame, to within half a pixel
//   colors(us, vs, count, out, steps)    for layers with colours of their own, which are black without it: writes
//                                        red, green and blue, 0..1, of each point to `out`, one after another
// `steps` are the sides of a pixel in the local frame: [a, b, d, e], where (a, d) leads to the next column and (b, e)
// to the next row. A kind with hard edges finds from them how much of a pixel it covers.
//
// `glsl`, { source, plan(layer, assets), hasColors }, is the same for a graphics card. It may be left out: a stack with
// such layers is drawn without a card. `plan` gives { defines: { NAME: integer }, family: { key, numbers }, own }: the
// constants that `source` is compiled with; a function that gives the numbers which layers of one key share; and the
// layer's own: numbers, or bytes (Uint8Array, Uint8ClampedArray) that are read as 0..1. It gives null for a layer that
// is too large for a card. `source` has the function `float mask(vec2 place)` and, where `hasColors` (needed for layers
// with colours of their own), `vec3 color(vec2 place)`. It reads the numbers, by fours, as at(family, i), at(own, i),
// finds the sides of a pixel in steps[0] (to the next column) and steps[1], and may call `fade` of FADE_GLSL.
//
// `path` is for kinds whose layers the browser itself can fill, and stands alone. It gives { contours, gradient }, both of
// the local frame: closed curves (nonzero rule), each the numbers x, y of a knot and of two handles for each cubic piece,
// the last of which ends at the first knot; and, for layers with colours of their own, { shape: "linear" or "radial",
// start: [x, y], end: [x, y], stops: [[offset, red, green, blue]] }, with offset 0 at the start, or at a `focus` [x, y] of
// a radial one, else null. Of layers in one colour it may have `fade`, { start, end, opacities }: two places of the frame, and
// the opacities there, between which that of the layer changes evenly. Instead of one fill it may have `parts`, lowest
// first, that are laid over one another, { contours, gradient, color, opacity } each (color: null of a gradient), or an
// `image`, an ImageBitmap whose longer side is from -1 to 1 in the local frame, its middle at 0; `contours` are then all
// within which they are.
//
// `load(layer, assets)`, where there is one, promises the layer as `path` is to get it, with what assets of the document
// (an object: name to { data }, base64) have to add; the page calls it once a layer, and workers get what it gives.
//
// `recolored(layer, change)` gives the fields of a layer of the document that hold its colours, with all of them
// changed: `change` takes and gives [red, green, blue]. SVG has as many stops of a gradient, in the same order.
const kinds = new Map();

const STEEP = 20; // height past which a sigmoid is 0 or 1 to within 2e-9

function sigmoid(height) {
  return height > STEEP ? 1 : height < -STEEP ? 0 : 1 / (1 + Math.exp(-height));
}

// How a window fades along one side of the local frame.
function fade(place, softness) {
  const inside = Math.min(Math.max((1 - Math.abs(place)) / softness, 0), 1);
  return inside * inside * (3 - 2 * inside);
}

const FADE_GLSL = `
float fade(vec2 place, float softness) {
  vec2 inside = clamp((1.0 - abs(place)) / softness, 0.0, 1.0);
  inside *= inside * (3.0 - 2.0 * inside);
  return inside.x * inside.y;
}`;

// The transform of a layer, [a, b, c, d, e, f] by rows; its local frame is the whole canvas where it has none.
function transformOf(layer, canvas) {
  const rows = layer.transform ?? [[canvas.width / 2, 0, canvas.width / 2], [0, canvas.height / 2, canvas.height / 2]];
  return rows.flat();
}

function inverseOf([a, b, c, d, e, f]) {
  const determinant = a * e - b * d;
  const [ia, ib, id, ie] = [e, -b, -d, a].map((value) => value / determinant);
  return [ia, ib, -ia * c - ib * f, id, ie, -id * c - ie * f];
}

// The rectangle that holds a layer's local frame: [left, top, right, bottom] in canvas units.
function boundsOf([a, b, c, d, e, f]) {
  const halfWidth = Math.abs(a) + Math.abs(b);
  const halfHeight = Math.abs(d) + Math.abs(e);
  return [c - halfWidth, f - halfHeight, c + halfWidth, f + halfHeight];
}

// The map from pixels of a grid to a layer's local frame: a grid has `scaleX`, `scaleY` pixels per canvas unit, and
// its pixel (0, 0) has its corner at the corner of the canvas.
function pixelsToFrame(transform, grid) {
  const [a, b, c, d, e, f] = inverseOf(transform);
  return [a / grid.scaleX, b / grid.scaleY, c, d / grid.scaleX, e / grid.scaleY, f];
}

// The pixels of a tile that a layer may cover, or null.
function overlap({ left, top, width, height }, bounds, { scaleX, scaleY }) {
  if (!bounds) return { left, top, width, height };
  const [x0, y0] = [Math.max(left, Math.floor(bounds[0] * scaleX)), Math.max(top, Math.floor(bounds[1] * scaleY))];
  const x1 = Math.min(left + width, Math.ceil(bounds[2] * scaleX));
  const y1 = Math.min(top + height, Math.ceil(bounds[3] * scaleY));
  return x0 < x1 && y0 < y1 ? { left: x0, top: y0, width: x1 - x0, height: y1 - y0 } : null;
}

// The bytes of base64 text.
function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
