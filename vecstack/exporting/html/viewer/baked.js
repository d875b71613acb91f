"use strict";

// Layers of kinds without a script: a bitmap of the layer, drawn when the page was made, stands for it.

// The kind of such layers: { kind, transform, width, height, data }, where `data` are red, green, blue and alpha of the
// bitmap's pixels, 0..255, which fill the local frame. No kind of a document is called so, with a space.
const BAKED = "baked bitmap";

// Sampling of a smooth surface through the pixels' centres; where a pixel drawn is larger than one of the bitmap, the
// mean over it. Colours are weighted with their alpha, so that what is not covered has no colour.
class BakedSurface {
  constructor({ width, height, data }) {
    Object.assign(this, { width, height, data });
    this.isSlow = false;
    this.isBounded = true;
    this.sum = new Float64Array(4);
  }

  heights(us, vs, count, out, steps) {
    for (let point = 0; point < count; point++) out[point] = this.sample(us[point], vs[point], steps)[3];
  }

  mask(height) {
    return height;
  }

  colors(us, vs, count, out, steps) {
    for (let point = 0; point < count; point++) {
      const [red, green, blue, alpha] = this.sample(us[point], vs[point], steps);
      out.set(alpha > 0 ? [red / alpha, green / alpha, blue / alpha] : [0, 0, 0], 3 * point);
    }
  }

  // Red, green and blue, each times alpha, and alpha, in 0..1.
  sample(u, v, [across, , , down]) {
    const { width, height, sum } = this;
    const [wide, high] = [(Math.abs(across) * width) / 2, (Math.abs(down) * height) / 2]; // a pixel, in the bitmap's
    const [columns, rows] = [tapsOf(wide), tapsOf(high)];
    const left = ((u + 1) * width - wide) / 2;
    const top = ((v + 1) * height - high) / 2;
    sum.fill(0);
    for (let row = 0; row < rows; row++) {
      const y = top + ((row + 0.5) * high) / rows;
      for (let column = 0; column < columns; column++) this.add(left + ((column + 0.5) * wide) / columns, y);
    }
    for (let channel = 0; channel < 4; channel++) sum[channel] /= rows * columns;
    return sum;
  }

  // Add what is found at a place by bilinear interpolation to the sum.
  add(x, y) {
    const { width, height } = this;
    const inX = Math.min(Math.max(x - 0.5, 0), width - 1);
    const inY = Math.min(Math.max(y - 0.5, 0), height - 1);
    const [column, row] = [Math.floor(inX), Math.floor(inY)];
    const [right, below] = [inX - column, inY - row];
    const nextColumn = Math.min(column + 1, width - 1);
    const nextRow = Math.min(row + 1, height - 1) * width;
    this.addPixel(row * width + column, (1 - right) * (1 - below));
    this.addPixel(row * width + nextColumn, right * (1 - below));
    this.addPixel(nextRow + column, (1 - right) * below);
    this.addPixel(nextRow + nextColumn, right * below);
  }

  addPixel(pixel, share) {
    const { data, sum } = this;
    const alpha = (data[4 * pixel + 3] / 255) * share;
    if (alpha === 0) return;
    for (let channel = 0; channel < 3; channel++) sum[channel] += (data[4 * pixel + channel] / 255) * alpha;
    sum[3] += alpha;
  }
}

// How many places along a side of a pixel are looked up, of which a bitmap has `pixels`.
function tapsOf(pixels) {
  return Math.max(1, Math.ceil(pixels - 0.01));
}

const BAKED_GLSL = `
vec4 pixel(ivec2 place, ivec2 size) {
  place = clamp(place, ivec2(0), size - 1);
  vec4 found = at(own, place.y * size.x + place.x);
  return vec4(found.rgb * found.a, found.a);
}

vec4 between(vec2 place, ivec2 size) {
  vec2 inside = place - 0.5;
  ivec2 corner = ivec2(floor(inside));
  vec2 share = fract(inside);
  vec4 upper = mix(pixel(corner, size), pixel(corner + ivec2(1, 0), size), share.x);
  vec4 lower = mix(pixel(corner + ivec2(0, 1), size), pixel(corner + ivec2(1, 1), size), share.x);
  return mix(upper, lower, share.y);
}

vec4 average(vec2 place) {
  vec2 size = at(family, 0).xy;
  vec2 side = abs(vec2(steps[0][0], steps[1][1])) * size / 2.0;
  vec2 corner = ((place + 1.0) * size - side) / 2.0;
  ivec2 taps = ivec2(max(ceil(side - 0.01), 1.0));
  vec4 sum = vec4(0.0);
  for (int row = 0; row < taps.y; row++) {
    for (int column = 0; column < taps.x; column++) {
      sum += between(corner + (vec2(column, row) + 0.5) * side / vec2(taps), ivec2(size));
    }
  }
  return sum / float(taps.x * taps.y);
}

float mask(vec2 place) {
  return average(place).a;
}

vec3 color(vec2 place) {
  vec4 found = average(place);
  return found.a > 0.0 ? found.rgb / found.a : vec3(0.0);
}`;

kinds.set(BAKED, {
  prepare: (layer) => new BakedSurface(layer),
  glsl: {
    source: BAKED_GLSL,
    hasColors: true,
    plan({ width, height, data }) {
      const family = { key: `${width} ${height}`, numbers: () => [width, height, 0, 0] };
      return { defines: {}, family, own: data };
    },
  },
});
