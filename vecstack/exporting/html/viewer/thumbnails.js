"use strict";

// The small pictures of the layers in the list.

const THUMBNAIL_PX = 48; // long side
const SMALL = 0.5; // share of the canvas's sides up to which a layer's small picture is of its surroundings alone
const FINE_PX = 384; // long side of the picture in which a layer is looked for that a small picture misses
const AT_ONCE = 8; // layers whose small pictures are being drawn
const WHITE = [1, 1, 1];

// Draw the layers by themselves for the list, after the picture itself.
async function drawThumbnails(panel, stage, chooseEngine, canvas, traits) {
  while (!stage.isSharp) await nextFrame();
  performance.mark("vecstack-sharp");
  const picture = async (index) => {
    const draw = (place, color) => drawnAlone(chooseEngine, index, place, color);
    panel.setPicture(index, await thumbnailOf(draw, canvas, !traits[index].color));
  };
  const drawn = [...traits.keys()].filter((index) => traits[index]);
  for (let at = 0; at < drawn.length; at += AT_ONCE) await Promise.all(drawn.slice(at, at + AT_ONCE).map(picture));
  panel.isPictured = true;
  panel.bars.update(panel.store.state, null);
  performance.mark("vecstack-thumbnails");
}

// The pictures of a layer as the panel takes them: of the whole canvas or, where the layer is small, of what is around
// it. `draw(place, color)` draws it in a colour, null for its own.
async function thumbnailOf(draw, canvas, hasColors) {
  const all = [0, 0, canvas.width, canvas.height];
  const [whole, fine] = [placeOf(canvas, all), placeOf(canvas, all, FINE_PX)];
  const mask = await draw(whole, WHITE);
  const box = coveredBox(mask, whole.grid) ?? coveredBox(await draw(fine, WHITE), fine.grid);
  const isSmall = box && isSmallBox(box, canvas);
  const place = isSmall ? placeOf(canvas, box) : whole;
  return {
    place,
    whole: mask,
    mask: isSmall ? await draw(place, WHITE) : mask,
    colors: hasColors ? await draw(place, null) : null,
  };
}

function drawnAlone(chooseEngine, index, { grid, rect }, color) {
  return drawnPart(chooseEngine, grid, rect, { background: [0, 0, 0], layers: [{ index, color, opacity: 1 }] });
}

// The small pictures of layers whose own colours are others now.
async function renewThumbnails(panel, indices, chooseEngine) {
  for (const index of indices) {
    const pictures = panel.pictures.get(index);
    if (!pictures) continue;
    const colors = await drawnAlone(chooseEngine, index, pictures.place, null);
    panel.setPicture(index, { ...pictures, colors });
  }
}

// The grid and its part that show a box [left, top, right, bottom] of the canvas with `size` pixels on its long side.
function placeOf(canvas, [left, top, right, bottom], size = THUMBNAIL_PX) {
  const scale = size / Math.max(right - left, bottom - top);
  const [width, height] = [canvas.width * scale, canvas.height * scale];
  const rect = { left: Math.floor(left * scale), top: Math.floor(top * scale) };
  rect.width = Math.max(Math.min(Math.round((right - left) * scale), Math.ceil(width) - rect.left), 1);
  rect.height = Math.max(Math.min(Math.round((bottom - top) * scale), Math.ceil(height) - rect.top), 1);
  return { grid: { scaleX: scale, scaleY: scale, width, height }, rect };
}

// The box in canvas units of what a mask covers, with a pixel around it; null where it is nothing.
function coveredBox({ width, height, data }, { scaleX, scaleY }) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      if (!data[at]) continue;
      [left, top] = [Math.min(left, x), Math.min(top, y)];
      [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
    }
  }
  if (left >= right) return null;
  const [x0, y0] = [Math.max(left - 1, 0), Math.max(top - 1, 0)];
  const [x1, y1] = [Math.min(right + 1, width), Math.min(bottom + 1, height)];
  return [x0 / scaleX, y0 / scaleY, x1 / scaleX, y1 / scaleY];
}

function isSmallBox([left, top, right, bottom], { width, height }) {
  return Math.max((right - left) / width, (bottom - top) / height) <= SMALL;
}
