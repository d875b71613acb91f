"use strict";

// A worker that keeps the masks of tiles of pictures and lays colours over one another. It is told
//   { type: "load", document }                            once; assets in base64
//   { type: "bake", picture, style, grid, tiles, layers, keep }   tiles { id, left, top, width, height } of a grid, most
//                                                         wanted first; `layers` are the indices of those wanted
//   { type: "style", picture, style, serial }             other colours for the tiles that it has
//   { type: "drop", picture, ids }                        tiles that are not needed any more; all where ids is null
// and answers
//   { type: "tiles", picture, tiles: [{ id, isFinal, pixels }], serial }   serial: the answer to a style
//   { type: "error", message }
// A style is { background, layers: [{ index, color, opacity }] }, lowest first, what is not seen left out.

const SLICE_MS = 10; // of work between looks at what was told meanwhile

const pictures = new Map(); // id -> { style, tiles: Map }
const drafts = []; // tiles to be drawn roughly, then those to be refined
const finals = [];
let scene = null;
let current = null; // { tile, steps }

function loadScene({ canvas, layers, assets }) {
  const bytes = new Map(Object.entries(assets ?? {}).map(([name, { data }]) => [name, fromBase64(data)]));
  return layers.map((layer) => {
    const kind = kinds.get(layer.kind);
    if (!kind) return null;
    const transform = transformOf(layer, canvas);
    const surface = kind.prepare(layer, bytes);
    return { surface, transform, bounds: surface.isBounded ? boundsOf(transform) : null };
  });
}

function addTiles({ picture, style, grid, tiles, layers, keep }) {
  const own = pictures.get(picture) ?? { style, tiles: new Map() };
  pictures.set(picture, own);
  own.style = style;
  for (const { id, ...rect } of tiles) {
    const tile = { id, picture, grid, rect, layers, keep, planes: new Map(), isDrafted: false, isDropped: false };
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
    const layer = scene[index];
    const rect = layer && overlap(tile.rect, layer.bounds, tile.grid);
    if (!rect) continue;
    const plane = new Plane(layer.surface, pixelsToFrame(layer.transform, tile.grid), rect);
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
  send(tile.picture, [tile]);
  if (!tile.keep) pictures.get(tile.picture)?.tiles.delete(tile.id);
}

function send(picture, tiles, serial) {
  const { style } = pictures.get(picture);
  const answers = tiles.map((tile) => ({ id: tile.id, isFinal: !!tile.isFinal, pixels: compose(tile, style) }));
  postMessage({ type: "tiles", picture, tiles: answers, serial }, answers.map(({ pixels }) => pixels.buffer));
}

// The colours of a tile: layers laid over its background, lowest first.
function compose({ rect: { left, top, width, height }, planes }, { background, layers }) {
  const count = width * height;
  const reds = new Float32Array(count).fill(background[0]);
  const greens = new Float32Array(count).fill(background[1]);
  const blues = new Float32Array(count).fill(background[2]);
  for (const { index, color, opacity } of layers.slice(lowestSeen(layers, planes, count))) {
    const plane = planes.get(index);
    if (!plane || (plane.isFinished && plane.most === 0)) continue;
    const { rect, values } = plane;
    const unit = opacity / MASK_ONE;
    const [red, green, blue] = color;
    for (let row = 0; row < rect.height; row++) {
      let from = row * rect.width;
      const start = (rect.top - top + row) * width + rect.left - left;
      for (let to = start; to < start + rect.width; to++, from++) {
        const value = values[from];
        if (value === 0) continue;
        const alpha = value * unit;
        reds[to] += (red - reds[to]) * alpha;
        greens[to] += (green - greens[to]) * alpha;
        blues[to] += (blue - blues[to]) * alpha;
      }
    }
  }
  const pixels = new Uint8ClampedArray(4 * count);
  for (let index = 0; index < count; index++) {
    pixels[4 * index] = reds[index] * 255;
    pixels[4 * index + 1] = greens[index] * 255;
    pixels[4 * index + 2] = blues[index] * 255;
    pixels[4 * index + 3] = 255;
  }
  return pixels;
}

// The place of the topmost layer that hides all below it.
function lowestSeen(layers, planes, count) {
  for (let place = layers.length - 1; place > 0; place--) {
    const plane = planes.get(layers[place].index);
    const hides = plane && plane.isFinished && plane.least === MASK_ONE && plane.values.length === count;
    if (hides && layers[place].opacity === 1) return place;
  }
  return 0;
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
  while (drafts.length || finals.length) {
    const tile = (drafts.length ? drafts : finals).shift();
    if (!tile.isDropped) return { tile, steps: tile.isDrafted ? refine(tile) : draft(tile) };
  }
  return null;
}

const turn = new MessageChannel();
turn.port1.onmessage = work;

onmessage = ({ data }) => {
  try {
    if (data.type === "load") scene = loadScene(data.document);
    if (data.type === "bake") addTiles(data);
    if (data.type === "drop") dropTiles(data);
    if (data.type === "style" && pictures.has(data.picture)) {
      const own = pictures.get(data.picture);
      own.style = data.style;
      send(data.picture, [...own.tiles.values()].filter((tile) => tile.isDrafted), data.serial);
    }
  } catch (error) {
    postMessage({ type: "error", message: String(error) });
  }
  if (!current) turn.port2.postMessage(null);
};
