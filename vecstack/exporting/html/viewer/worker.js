"use strict";

// A worker that keeps the masks of tiles of pictures and lays colours over one another. It is told
//   { type: "load", document }                            once: { canvas, layers, assets }, with the assets in base64
//                                                         and the layers as drawnLayers gives them (main.js)
//   { type: "renew", index, drawn }                       another layer in the place of one
//   { type: "bake", picture, style, grid, tiles, layers, keep }   tiles { id, left, top, width, height } of a grid,
//                                                         most wanted first; `layers` are the indices of those wanted
//   { type: "style", picture, style, focus, serial }      other colours for the tiles that it has; `focus` as below
//   { type: "expect", picture, focus }                    that a layer will be changed soon
//   { type: "drop", picture, ids }                        tiles that are not needed any more; all where ids is null
// and answers
//   { type: "tiles", picture, tiles: [{ id, isFinal, pixels }], serial }   serial: the answer to a style
//   { type: "error", message }
// A style is { background, layers: [{ index, color, opacity }] }, lowest first; a layer whose colour is null keeps its
// own, and where the background is null the picture is transparent. `focus` is the index of the only layer whose colour
// or opacity differs from the style before (GROUND: the background), or null. What lies around it is then kept, so that
// the next change of the same layer takes a small part of the work.

const SLICE_MS = 10; // of work between looks at what was told meanwhile
const UNSEEN = 12; // of MASK_ONE, 1/20 of a step of 8 bits: a layer that covers less of a tile is left out of it

const GROUND = -1;
const NO_COLOR = [0, 0, 0]; // of a layer whose surface has no colours and that was given none

const pictures = new Map(); // id -> { style, tiles: Map }
let expected = []; // tiles whose surroundings of a layer are to be made ready
const drafts = []; // tiles to be drawn roughly, then those to be refined
const finals = [];
let scene = null; // { canvas, assets, layers }
let current = null; // { tile, steps }

function loadScene({ canvas, layers, assets }) {
  const bytes = new Map(Object.entries(assets ?? {}).map(([name, { data }]) => [name, fromBase64(data)]));
  return { canvas, assets: bytes, layers: layers.map((drawn) => loadLayer(drawn, canvas, bytes)) };
}

function loadLayer(drawn, canvas, assets) {
  if (!drawn) return null;
  const { layer, hasColors } = drawn;
  if (kinds.get(layer.kind).path) return pathLayer(drawn, canvas);
  const transform = transformOf(layer, canvas);
  const surface = kinds.get(layer.kind).prepare(layer, assets);
  return { surface, transform, hasColors, bounds: surface.isBounded ? boundsOf(transform) : null };
}

function addTiles({ picture, style, grid, tiles, layers, keep }) {
  const own = pictures.get(picture) ?? { style, tiles: new Map() };
  pictures.set(picture, own);
  own.style = style;
  for (const { id, ...rect } of tiles) {
    const tile = { id, picture, grid, rect, layers, keep, planes: new Map(), around: null };
    own.tiles.set(id, tile);
    (keep ? drafts : finals).push(tile);
  }
}

function dropTiles({ picture, ids }) {
  const own = pictures.get(picture);
  if (!own) return;
  for (const id of ids ?? [...own.tiles.keys()]) {
    const tile = own.tiles.get(id);
    if (tile) tile.isDropped = true;
    own.tiles.delete(id);
  }
  if (ids === null) pictures.delete(picture);
}

function* draft(tile) {
  for (const index of tile.layers) {
    const layer = scene.layers[index];
    const rect = layer && overlap(tile.rect, layer.bounds, tile.grid);
    if (!rect) continue;
    const plane = layer.path
      ? new PathPlane(layer.path, frameToPixels(layer.transform, tile.grid, rect), rect, layer.hasColors)
      : new Plane(layer.surface, pixelsToFrame(layer.transform, tile.grid), rect, layer.hasColors);
    plane.draft();
    tile.planes.set(index, plane);
    yield;
  }
  tile.isDrafted = true;
  if (tile.keep) {
    send(tile.picture, [tile]);
    finals.push(tile);
  } else {
    yield* refine(tile);
  }
}

function* refine(tile) {
  for (const plane of tile.planes.values()) yield* plane.refine();
  tile.isFinal = true;
  tile.around = null;
  send(tile.picture, [tile]);
  if (!tile.keep) pictures.get(tile.picture)?.tiles.delete(tile.id);
}

function send(picture, tiles, focus = null, serial = undefined) {
  const { style } = pictures.get(picture);
  const answers = tiles.map((tile) => ({ id: tile.id, isFinal: !!tile.isFinal, pixels: compose(tile, style, focus) }));
  postMessage({ type: "tiles", picture, tiles: answers, serial }, answers.map(({ pixels }) => pixels.buffer));
}

// The pixels of a tile: layers laid over its background, lowest first.
function compose(tile, style, focus) {
  if (style.background === null) return composeClear(tile, style);
  if (focus === null) {
    tile.around = null;
    return toPixels(layOver(tile, flat(tile, style.background), style.layers.slice(lowestSeen(tile, style.layers))));
  }
  if (tile.around?.focus !== focus) tile.around = surroundings(tile, style, focus);
  return between(tile, style, tile.around);
}

// The pixels of a tile without a background.
function composeClear(tile, { layers }) {
  const channels = layOver(tile, flat(tile, NO_COLOR), layers);
  const [through] = layOver(tile, flat(tile, [1]), layers);
  const pixels = new Uint8ClampedArray(4 * through.length);
  for (let index = 0; index < through.length; index++) {
    const alpha = 1 - through[index];
    if (alpha > 0) pixels.set(channels.map((channel) => (channel[index] / alpha) * 255), 4 * index);
    pixels[4 * index + 3] = alpha * 255;
  }
  return pixels;
}

// A tile of one colour: red, green and blue in 0..1.
function flat({ rect: { width, height } }, color) {
  return color.map((value) => new Float32Array(width * height).fill(value));
}

// What lies below a layer of a tile, what shows of it through those above, and the tile without the layer.
function surroundings(tile, { background, layers }, focus) {
  const place = layers.findIndex(({ index }) => index === focus);
  const below = layOver(tile, flat(tile, background), layers.slice(0, Math.max(place, 0)));
  const above = layers.slice(place + 1);
  const [through] = layOver(tile, flat(tile, [1]), above);
  const without = layOver(tile, below.map((channel) => channel.slice()), above);
  return { focus, below, through, without, pixels: toPixels(without) };
}

// Lay layers over the channels (three, or one) of a tile, in place.
function layOver({ rect: { left, top, width }, planes }, channels, layers) {
  for (const { index, color, opacity } of layers) {
    const plane = planes.get(index);
    if (!plane || opacity === 0 || (plane.isFinished && plane.most * opacity < UNSEEN)) continue;
    const start = (plane.rect.top - top) * width + plane.rect.left - left;
    const lay = channels.length === 1 ? layLight : color || !plane.colors ? layColor : layColors;
    lay(plane, opacity / MASK_ONE, channels, color ?? NO_COLOR, start, width);
  }
  return channels;
}

function layColor({ rect: { width, height }, values }, unit, [reds, greens, blues], [red, green, blue], start, stride) {
  for (let row = 0, from = 0; row < height; row++) {
    const first = start + row * stride;
    for (let to = first; to < first + width; to++, from++) {
      const alpha = values[from] * unit;
      reds[to] += (red - reds[to]) * alpha;
      greens[to] += (green - greens[to]) * alpha;
      blues[to] += (blue - blues[to]) * alpha;
    }
  }
}

// The same of a layer with colours of its own.
function layColors({ rect: { width, height }, values, colors }, unit, [reds, greens, blues], color, start, stride) {
  for (let row = 0, from = 0; row < height; row++) {
    const first = start + row * stride;
    for (let to = first; to < first + width; to++, from++) {
      const alpha = values[from] * unit;
      reds[to] += (colors[3 * from] / MASK_ONE - reds[to]) * alpha;
      greens[to] += (colors[3 * from + 1] / MASK_ONE - greens[to]) * alpha;
      blues[to] += (colors[3 * from + 2] / MASK_ONE - blues[to]) * alpha;
    }
  }
}

// The same of one channel, which a layer takes away from.
function layLight({ rect: { width, height }, values }, unit, [lights], color, start, stride) {
  for (let row = 0, from = 0; row < height; row++) {
    const first = start + row * stride;
    for (let to = first; to < first + width; to++, from++) lights[to] -= lights[to] * values[from] * unit;
  }
}

// The place of the topmost layer that hides all below it.
function lowestSeen({ rect, planes }, layers) {
  for (let place = layers.length - 1; place > 0; place--) {
    const plane = planes.get(layers[place].index);
    const fills = plane && plane.values.length === rect.width * rect.height;
    if (fills && plane.isFinished && plane.least === MASK_ONE && layers[place].opacity === 1) return place;
  }
  return 0;
}

function toPixels([reds, greens, blues]) {
  const pixels = new Uint8ClampedArray(4 * reds.length);
  for (let index = 0, at = 0; index < reds.length; index++, at += 4) {
    pixels[at] = reds[index] * 255;
    pixels[at + 1] = greens[index] * 255;
    pixels[at + 2] = blues[index] * 255;
    pixels[at + 3] = 255;
  }
  return pixels;
}

// The pixels of a tile from what lies around one layer, and this layer (or the background).
function between(tile, { background, layers }, { focus, below, through, without, pixels }) {
  const changed = pixels.slice();
  const isGround = focus === GROUND;
  const layer = isGround ? { color: background, opacity: 1 } : layers.find(({ index }) => index === focus);
  const plane = isGround ? full(tile) : tile.planes.get(focus);
  if (!layer || !plane) return changed;
  const { rect: { width, height, left, top }, values } = plane;
  const colors = layer.color ? null : plane.colors;
  const unit = layer.opacity / MASK_ONE;
  let [red, green, blue] = layer.color ?? NO_COLOR;
  const [[reds, greens, blues], [allReds, allGreens, allBlues]] = [below, without];
  for (let row = 0, from = 0; row < height; row++) {
    const first = (top - tile.rect.top + row) * tile.rect.width + left - tile.rect.left;
    for (let to = first; to < first + width; to++, from++) {
      if (colors) {
        red = colors[3 * from] / MASK_ONE;
        green = colors[3 * from + 1] / MASK_ONE;
        blue = colors[3 * from + 2] / MASK_ONE;
      }
      const share = values[from] * unit * through[to];
      changed[4 * to] = 255 * (allReds[to] + share * (red - reds[to]));
      changed[4 * to + 1] = 255 * (allGreens[to] + share * (green - greens[to]));
      changed[4 * to + 2] = 255 * (allBlues[to] + share * (blue - blues[to]));
    }
  }
  return changed;
}

// A mask that is 1 on a whole tile.
function full({ rect }) {
  return { rect, values: new Uint16Array(rect.width * rect.height).fill(MASK_ONE) };
}

// Whether a tile has anything of a layer (or of all, or the background: null, GROUND).
function isTouched({ planes }, focus) {
  if (focus === null || focus === GROUND) return true;
  const plane = planes.get(focus);
  return !!plane && !(plane.isFinished && plane.most < UNSEEN);
}

// Work for a while, then look at what was told.
function work() {
  const end = performance.now() + SLICE_MS;
  try {
    while (performance.now() < end) {
      if (!current || current.tile.isDropped || current.steps.next().done) {
        current = next();
        if (!current) return;
      }
    }
  } catch (error) {
    current = null;
    postMessage({ type: "error", message: String(error) });
  }
  turn.port2.postMessage(null);
}

function next() {
  while (expected.length) {
    const tile = expected.shift();
    if (!tile.isDropped && tile.isDrafted) return { tile, steps: expect(tile) };
  }
  while (drafts.length || finals.length) {
    const tile = (drafts.length ? drafts : finals).shift();
    if (!tile.isDropped) return { tile, steps: tile.isDrafted ? refine(tile) : draft(tile) };
  }
  return null;
}

function* expect(tile) {
  const { style, focus } = pictures.get(tile.picture);
  if (style.background === null) return;
  if (isTouched(tile, focus) && tile.around?.focus !== focus) tile.around = surroundings(tile, style, focus);
}

const turn = new MessageChannel();
turn.port1.onmessage = work;

onmessage = ({ data }) => {
  try {
    if (data.type === "load") scene = loadScene(data.document);
    if (data.type === "renew") scene.layers[data.index] = loadLayer(data.drawn, scene.canvas, scene.assets);
    if (data.type === "bake") addTiles(data);
    if (data.type === "drop") dropTiles(data);
    const own = pictures.get(data.picture);
    if (own && data.type === "style") {
      own.style = data.style;
      expected = [];
      const drawn = [...own.tiles.values()].filter((tile) => tile.isDrafted && isTouched(tile, data.focus));
      send(data.picture, drawn, data.focus, data.serial);
    }
    if (own && data.type === "expect") {
      own.focus = data.focus;
      expected = [...own.tiles.values()];
    }
  } catch (error) {
    postMessage({ type: "error", message: String(error) });
  }
  if (!current) turn.port2.postMessage(null);
};
