"use strict";

// Spline layers in a page: the B-spline surface of docs/format.md, in JavaScript and on a graphics card.

const SPLINE_WINDOW = 0.3; // of a layer that names none
const NO_SOFTNESS = -1; // of a layer that has none
const EDGE_FADE = 1.5; // softnesses over which a soft edge fades
const FLAT = 1e-9; // of the width of an edge: where a surface without softness is level

// The four cubic B-splines that are not 0 at a place `t` (0..1) between two knots.
function splineWeights(t, weights) {
  const s = 1 - t;
  weights[0] = (s * s * s) / 6;
  weights[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
  weights[2] = (4 - 6 * s * s + 3 * s * s * s) / 6;
  weights[3] = (t * t * t) / 6;
}

// Their slopes.
function splineSlopes(t, slopes) {
  const s = 1 - t;
  slopes[0] = (-s * s) / 2;
  slopes[1] = (3 * t * t - 4 * t) / 2;
  slopes[2] = (4 * s - 3 * s * s) / 2;
  slopes[3] = (t * t) / 2;
}

class SplineSurface {
  constructor({ surface, window, softness }) {
    this.rows = surface.length;
    this.columns = surface[0].length;
    this.values = Float64Array.from(surface.flat());
    this.window = window ?? SPLINE_WINDOW;
    this.isSlow = false;
    this.isBounded = true;
    this.softness = softness ?? NO_SOFTNESS;
    for (const name of ["across", "down", "acrossSlopes", "downSlopes"]) this[name] = new Float64Array(4);
  }

  mask(height, u, v) {
    return this.edge(height) * fade(u, this.window) * fade(v, this.window);
  }

  // The mask at a height, which is over the width of the edge there for layers with a softness.
  edge(height) {
    if (this.softness < 0) return sigmoid(height);
    const inside = Math.min(Math.max(0.5 + (this.softness > 0 ? height / EDGE_FADE : height), 0), 1);
    return this.softness > 0 ? inside * inside * (3 - 2 * inside) : inside;
  }

  heights(us, vs, count, out, steps) {
    if (this.softness >= 0) return this.shares(us, vs, count, out, steps);
    const { rows, columns, values, across, down } = this;
    let last = NaN; // v of the point before: along a row of pixels it is often the same
    let row = 0;
    for (let point = 0; point < count; point++) {
      if (vs[point] !== last) {
        last = vs[point];
        const y = this.knot(last, rows);
        row = y | 0;
        splineWeights(y - row, down);
      }
      const x = this.knot(us[point], columns);
      const column = x | 0;
      splineWeights(x - column, across);
      let height = 0;
      for (let line = 0, place = row * columns + column; line < 4; line++, place += columns) {
        height += down[line] * (across[0] * values[place] + across[1] * values[place + 1]
          + across[2] * values[place + 2] + across[3] * values[place + 3]);
      }
      out[point] = height;
    }
  }

  // Heights over the width of the edge, which is the softness and how much a pixel rises, together.
  shares(us, vs, count, out, [a, b, d, e]) {
    const { rows, columns, values, across, down, acrossSlopes, downSlopes, softness } = this;
    const [perU, perV] = [(columns - 3) / 2, (rows - 3) / 2]; // knots
    for (let point = 0; point < count; point++) {
      const [x, y] = [this.knot(us[point], columns), this.knot(vs[point], rows)];
      const [column, row] = [x | 0, y | 0];
      splineWeights(x - column, across);
      splineWeights(y - row, down);
      splineSlopes(x - column, acrossSlopes);
      splineSlopes(y - row, downSlopes);
      let [height, byU, byV] = [0, 0, 0];
      for (let line = 0, place = row * columns + column; line < 4; line++, place += columns) {
        const [p, q, r, s] = [values[place], values[place + 1], values[place + 2], values[place + 3]];
        const level = across[0] * p + across[1] * q + across[2] * r + across[3] * s;
        height += down[line] * level;
        byV += downSlopes[line] * level;
        byU += down[line] * (acrossSlopes[0] * p + acrossSlopes[1] * q + acrossSlopes[2] * r + acrossSlopes[3] * s);
      }
      const rise = Math.hypot(byU * perU * a + byV * perV * d, byU * perU * b + byV * perV * e);
      out[point] = height / Math.max(Math.hypot(softness, rise), FLAT);
    }
  }

  // A place -1..1 in knots from the first, with a knot before and two after it: what lies outside, where the mask is 0,
  // is moved to the edge.
  knot(place, count) {
    return Math.min(Math.max(((place + 1) * (count - 3)) / 2, 0), count - 3 - 1e-9);
  }
}

const SPLINE_GLSL = `
vec4 weights(float t) {
  float s = 1.0 - t;
  return vec4(s * s * s, 4.0 - 6.0 * t * t + 3.0 * t * t * t, 4.0 - 6.0 * s * s + 3.0 * s * s * s, t * t * t) / 6.0;
}

vec4 slopes(float t) {
  float s = 1.0 - t;
  return vec4(-s * s, 3.0 * t * t - 4.0 * t, 4.0 * s - 3.0 * s * s, t * t) / 2.0;
}

float value(int index) {
  return at(own, 1 + index / 4)[index % 4];
}

float mask(vec2 place) {
  if (any(greaterThanEqual(abs(place), vec2(1.0)))) return 0.0;
  vec4 head = at(own, 0); // columns, rows, window, softness
  vec2 knots = (place + 1.0) * (head.xy - 3.0) / 2.0;
  vec2 whole = min(floor(knots), head.xy - 4.0);
  vec4 across = weights(knots.x - whole.x);
  vec4 down = weights(knots.y - whole.y);
  vec4 acrossSlopes = slopes(knots.x - whole.x);
  vec4 downSlopes = slopes(knots.y - whole.y);
  float height = 0.0;
  vec2 tilt = vec2(0.0);
  for (int row = 0; row < 4; row++) {
    int first = (int(whole.y) + row) * int(head.x) + int(whole.x);
    vec4 line = vec4(value(first), value(first + 1), value(first + 2), value(first + 3));
    height += down[row] * dot(across, line);
    tilt += vec2(down[row] * dot(acrossSlopes, line), downSlopes[row] * dot(across, line));
  }
  if (head.w < 0.0) return fade(place, head.z) / (1.0 + exp(-height));
  tilt *= (head.xy - 3.0) / 2.0;
  float rise = length(vec2(dot(tilt, steps[0]), dot(tilt, steps[1])));
  float share = height / max(length(vec2(head.w, rise)), 1e-9);
  float inside = clamp(0.5 + (head.w > 0.0 ? share / 1.5 : share), 0.0, 1.0);
  return fade(place, head.z) * (head.w > 0.0 ? inside * inside * (3.0 - 2.0 * inside) : inside);
}`;

kinds.set("spline", {
  prepare: (layer) => new SplineSurface(layer),
  glsl: {
    source: SPLINE_GLSL,
    plan({ surface, window, softness }) {
      const head = [surface[0].length, surface.length, window ?? SPLINE_WINDOW, softness ?? NO_SOFTNESS];
      return { defines: {}, family: { key: "", numbers: () => [0, 0, 0, 0] }, own: [...head, ...surface.flat()] };
    },
  },
});
