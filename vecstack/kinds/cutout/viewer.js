"use strict";

// Cut-outs in a page: the browser's own rasteriser fills their shapes and draws their pictures.

const PNG_START = 0x89; // first byte of a PNG, and of no JSON

// What an item is, from its bytes: { parts }, shapes as paths.js fills them, or { image }.
async function readItem(bytes) {
  if (bytes[0] === PNG_START) return { image: await createImageBitmap(new Blob([bytes], { type: "image/png" })) };
  const { shapes } = JSON.parse(new TextDecoder().decode(bytes));
  const parts = shapes.map(({ contours, color = null, gradient = null, opacity = 1 }) =>
    ({ contours, color, gradient, opacity }));
  return { parts };
}

const items = new Map(); // by name of the asset

async function load(layer, assets) {
  if (!items.has(layer.item)) items.set(layer.item, readItem(fromBase64(assets[layer.item].data)));
  return { ...layer, content: await items.get(layer.item) };
}

// The rectangle that a picture fills of its frame, as a contour.
function edgeOf({ width, height }) {
  const [x, y] = [width, height].map((side) => side / Math.max(width, height));
  const corners = [[-x, -y], [x, -y], [x, y], [-x, y]];
  return corners.flatMap((corner, at) => [...corner, ...corner, ...corners[(at + 1) % 4]]);
}

function path({ content: { parts, image } }) {
  if (image) return { contours: [edgeOf(image)], gradient: null, image };
  return { contours: parts.flatMap(({ contours }) => contours), gradient: null, parts };
}

kinds.set("cutout", { load, path });
