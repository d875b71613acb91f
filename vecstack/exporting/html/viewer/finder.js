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
    return surfaceProbe(kinds.get(layer.kind).prepare(layer, assets), transformOf(layer, canvas), hasColors);
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
