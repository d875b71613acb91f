"use strict";

// Spline layers in a page: the B-spline surface of docs/format.md, in JavaScript and on a graphics card.

const SPLINE_WINDOW = 0.3; // of a layer that names none

// The four cubic B-splines that are not 0 at a place `t` (0..1) between two knots.
function splineWeights(t, weights) {
  const s = 1 - t;
  weights[0] = (s * s * s) / 6;
  weights[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
  weights[2] = (4 - 6 * s * s + 3 * s * s * s) / 6;
  weights[3] = (t * t * t) / 6;
}

class SplineSurface {
  constructor({ surface, window }) {
    this.rows = surface.length;
    this.columns = surface[0].length;
    this.values = Float64Array.from(surface.flat());
    this.window = window ?? SPLINE_WINDOW;
    this.isSlow = false;
    this.isBounded = true;
    this.across = new Float64Array(4);
    this.down = new Float64Array(4);
  }

  mask(height, u, v) {
    return sigmoid(height) * fade(u, this.window) * fade(v, this.window);
  }

  heights(us, vs, count, out) {
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

float value(int index) {
  return at(own, 1 + index / 4)[index % 4];
}

float mask(vec2 place) {
  if (any(greaterThanEqual(abs(place), vec2(1.0)))) return 0.0;
  vec4 head = at(own, 0); // columns, rows, window
  vec2 knots = (place + 1.0) * (head.xy - 3.0) / 2.0;
  vec2 whole = min(floor(knots), head.xy - 4.0);
  vec4 across = weights(knots.x - whole.x);
  vec4 down = weights(knots.y - whole.y);
  float height = 0.0;
  for (int row = 0; row < 4; row++) {
    int first = (int(whole.y) + row) * int(head.x) + int(whole.x);
    vec4 line = vec4(value(first), value(first + 1), value(first + 2), value(first + 3));
    height += down[row] * dot(across, line);
  }
  return fade(place, head.z) / (1.0 + exp(-height));
}`;

kinds.set("spline", {
  prepare: (layer) => new SplineSurface(layer),
  glsl: {
    source: SPLINE_GLSL,
    plan({ surface, window }) {
      const head = [surface[0].length, surface.length, window ?? SPLINE_WINDOW, 0];
      return { defines: {}, family: { key: "", numbers: () => [0, 0, 0, 0] }, own: [...head, ...surface.flat()] };
    },
  },
});
