"use strict";

// Mask layers in a page: the net of docs/format.md, in JavaScript and on a graphics card.

const GROUP = 4; // channels that are normalised together
const EPSILON = 1e-5;

// A function as a table, read with linear interpolation: tanh to within 2e-6, many times as fast as Math.tanh.
const TANH_LIMIT = 9;
const TANH_STEPS = 8192;
const TANH = Float64Array.from({ length: TANH_STEPS + 2 }, (_, index) =>
  Math.tanh((2 * TANH_LIMIT * index) / TANH_STEPS - TANH_LIMIT));

function tableTanh(value) {
  const place = (Math.min(Math.max(value, -TANH_LIMIT), TANH_LIMIT) + TANH_LIMIT) * (TANH_STEPS / (2 * TANH_LIMIT));
  const index = place | 0;
  return TANH[index] + (TANH[index + 1] - TANH[index]) * (place - index);
}

// The tensors of a safetensors file, as { shape, values }.
function readSafetensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const size = dtype === "F16" ? 2 : 4;
    const values = Float64Array.from({ length: (end - begin) / size }, (_, index) => {
      const offset = start + begin + index * size;
      return dtype === "F16" ? fromHalf(view.getUint16(offset, true)) : view.getFloat32(offset, true);
    });
    tensors.set(name, { shape, values });
  }
  return tensors;
}

function fromHalf(bits) {
  const fraction = bits & 0x3ff;
  const exponent = (bits >> 10) & 0x1f;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

// The nets of the document, by the name of their asset.
const nets = new Map();

function netOf(name, assets) {
  if (!nets.has(name)) nets.set(name, readNet(readSafetensors(assets.get(name))));
  return nets.get(name);
}

function readNet(tensors) {
  const [width, inputs] = tensors.get("hidden.0.weight").shape;
  const depth = [...tensors.keys()].filter((name) => /^hidden\.\d+\.weight$/.test(name)).length;
  const values = (name) => tensors.get(name).values;
  const layers = Array.from({ length: depth }, (_, index) => ({
    weight: values(`hidden.${index}.weight`),
    bias: values(`hidden.${index}.bias`),
    gain: values(`norms.${index}.weight`),
    shift: values(`norms.${index}.bias`),
  }));
  return { width, inputs, layers, output: values("output.weight"), outputBias: values("output.bias")[0] };
}

// What the first layer adds to its weights of u and v: constant for a code.
function foldCode({ inputs, layers: [{ weight, bias }] }, code) {
  return bias.map((value, channel) =>
    code.reduce((sum, number, index) => sum + weight[channel * inputs + 2 + index] * number, value));
}

const CHUNK = 64; // points at a time: their hidden values fit a processor's cache

// A mask net with the code of one layer. Values of two points lie side by side, and the weights of a group of channels
// too, so that one step of the inner loop uses each number that it fetches several times.
class MaskSurface {
  constructor(layer, assets) {
    const net = netOf(layer.net, assets);
    this.net = net;
    this.packed = net.packed ??= net.layers.slice(1).map(({ weight }) => packWeights(weight, net.width));
    this.folded = foldCode(net, layer.code);
    this.window = layer.window ?? null;
    this.isSlow = true;
    this.isBounded = this.window !== null;
    this.inputs = new Float64Array(CHUNK * net.width);
    this.outputs = new Float64Array(CHUNK * net.width);
  }

  mask(height, u, v) {
    const value = sigmoid(height);
    return this.window === null ? value : value * fade(u, this.window) * fade(v, this.window);
  }

  heights(us, vs, count, out) {
    for (let start = 0; start < count; start += CHUNK) {
      this.chunk(us, vs, start, Math.min(CHUNK, count - start), out);
    }
  }

  chunk(us, vs, start, count, out) {
    const { width, layers } = this.net;
    const last = start + count - 1;
    const pairs = (count + 1) >> 1; // the last point twice where the count is odd
    for (let pair = 0; pair < pairs; pair++) {
      const one = start + 2 * pair;
      const two = Math.min(one + 1, last);
      this.first(us[one], vs[one], us[two], vs[two], pair * 2 * width);
    }
    activate(layers[0], this.outputs, width, pairs);
    for (let index = 1; index < layers.length; index++) {
      [this.inputs, this.outputs] = [this.outputs, this.inputs];
      multiply(this.packed[index - 1], layers[index].bias, this.inputs, this.outputs, width, pairs);
      activate(layers[index], this.outputs, width, pairs);
    }
    const { output, outputBias } = this.net;
    const { outputs } = this;
    for (let point = 0; point < count; point++) {
      let place = (point >> 1) * 2 * width + (point & 1);
      let sum = outputBias;
      for (let channel = 0; channel < width; channel++, place += 2) sum += output[channel] * outputs[place];
      out[start + point] = sum;
    }
  }

  // The first hidden layer at two points, before its norm.
  first(u0, v0, u1, v1, place) {
    const { width, inputs, layers } = this.net;
    const { weight } = layers[0];
    const { outputs, folded } = this;
    for (let channel = 0; channel < width; channel++) {
      const across = weight[channel * inputs];
      const down = weight[channel * inputs + 1];
      outputs[place + 2 * channel] = across * u0 + down * v0 + folded[channel];
      outputs[place + 2 * channel + 1] = across * u1 + down * v1 + folded[channel];
    }
  }
}

// Another hidden layer before its norm: a product of matrices, a group of four channels and two points at a time.
function multiply(weights, bias, values, out, width, pairs) {
  for (let group = 0; group < width; group += GROUP) {
    const end = (group + GROUP) * width;
    for (let pair = 0; pair < pairs; pair++) {
      const place = pair * 2 * width;
      let a0 = bias[group], b0 = bias[group + 1], c0 = bias[group + 2], d0 = bias[group + 3];
      let a1 = a0, b1 = b0, c1 = c0, d1 = d0;
      for (let weight = group * width, at = place; weight < end; weight += GROUP, at += 2) {
        const one = values[at];
        const two = values[at + 1];
        const a = weights[weight];
        const b = weights[weight + 1];
        const c = weights[weight + 2];
        const d = weights[weight + 3];
        a0 += a * one;
        a1 += a * two;
        b0 += b * one;
        b1 += b * two;
        c0 += c * one;
        c1 += c * two;
        d0 += d * one;
        d1 += d * two;
      }
      const to = place + 2 * group;
      out[to] = a0;
      out[to + 1] = a1;
      out[to + 2] = b0;
      out[to + 3] = b1;
      out[to + 4] = c0;
      out[to + 5] = c1;
      out[to + 6] = d0;
      out[to + 7] = d1;
    }
  }
}

// The norm and the tanh of a hidden layer, in place.
function activate({ gain, shift }, values, width, pairs) {
  for (let pair = 0; pair < pairs; pair++) {
    for (let group = 0; group < width; group += GROUP) {
      for (let point = 0; point < 2; point++) {
        const at = pair * 2 * width + 2 * group + point;
        let a = values[at], b = values[at + 2], c = values[at + 4], d = values[at + 6];
        const mean = (a + b + c + d) / 4;
        a -= mean;
        b -= mean;
        c -= mean;
        d -= mean;
        const scale = 1 / Math.sqrt((a * a + b * b + c * c + d * d) / 4 + EPSILON);
        values[at] = tableTanh(a * scale * gain[group] + shift[group]);
        values[at + 2] = tableTanh(b * scale * gain[group + 1] + shift[group + 1]);
        values[at + 4] = tableTanh(c * scale * gain[group + 2] + shift[group + 2]);
        values[at + 6] = tableTanh(d * scale * gain[group + 3] + shift[group + 3]);
      }
    }
  }
}

// Weights [width, width] in the order in which `multiply` reads them: by groups of rows, column by column.
function packWeights(weight, width) {
  const packed = new Float64Array(width * width);
  let to = 0;
  for (let group = 0; group < width; group += GROUP) {
    for (let column = 0; column < width; column++) {
      for (let row = group; row < group + GROUP; row++) packed[to++] = weight[row * width + column];
    }
  }
  return packed;
}

// The numbers of a net, by fours, in the order in which MASK_GLSL reads them: for each hidden layer and group of
// channels the bias, the gain, the shift and (after the first layer) the weights of four inputs at a time, channel by
// channel; the first layer's weights of u and v; then the output's.
function netNumbers(net) {
  const { width, inputs, layers, output, outputBias } = net;
  const numbers = [];
  layers.forEach(({ weight, bias, gain, shift }, index) => {
    for (let group = 0; group < width; group += GROUP) {
      const own = (values) => values.slice(group, group + GROUP);
      numbers.push(...own(bias), ...own(gain), ...own(shift));
      if (index === 0) {
        for (const input of [0, 1]) {
          for (let row = group; row < group + GROUP; row++) numbers.push(weight[row * inputs + input]);
        }
      } else {
        for (let column = 0; column < width; column++) {
          for (let row = group; row < group + GROUP; row++) numbers.push(weight[row * width + column]);
        }
      }
    }
  });
  numbers.push(...output, outputBias, 0, 0, 0);
  return numbers;
}

const MAX_WIDTH = 256; // channels: the values of wider nets do not fit a card's registers

const MASK_GLSL = `
const int GROUPS = WIDTH / 4;
const int FIRST = 5;          // fours of numbers of a group in the first layer, and in the others
const int OTHER = 3 + WIDTH;

vec4 activate(vec4 z, vec4 gain, vec4 shift) {
  z -= dot(z, vec4(0.25));
  z *= inversesqrt(dot(z, z) * 0.25 + 0.00001);
  vec4 e = exp(-2.0 * abs(z * gain + shift));
  return sign(z * gain + shift) * (1.0 - e) / (1.0 + e);
}

float mask(vec2 place) {
  vec4 values[GROUPS];
  vec4 next[GROUPS];
  for (int group = 0; group < GROUPS; group++) {
    int at0 = group * FIRST;
    vec4 z = at(own, group) + at(family, at0 + 3) * place.x + at(family, at0 + 4) * place.y;
    values[group] = activate(z, at(family, at0 + 1), at(family, at0 + 2));
  }
  int start = GROUPS * FIRST;
  for (int layer = 1; layer < DEPTH; layer++) {
    for (int group = 0; group < GROUPS; group++) {
      int at0 = start + group * OTHER;
      vec4 z = at(family, at0);
      for (int from = 0; from < GROUPS; from++) {
        int column = at0 + 3 + 4 * from;
        vec4 value = values[from];
        z += at(family, column) * value.x + at(family, column + 1) * value.y
           + at(family, column + 2) * value.z + at(family, column + 3) * value.w;
      }
      next[group] = activate(z, at(family, at0 + 1), at(family, at0 + 2));
    }
    values = next;
    start += GROUPS * OTHER;
  }
  float height = at(family, start + GROUPS).x;
  for (int group = 0; group < GROUPS; group++) height += dot(at(family, start + group), values[group]);
  float softness = at(own, GROUPS).x;
  return (softness > 0.0 ? fade(place, softness) : 1.0) / (1.0 + exp(-height));
}`;

kinds.set("mask", {
  prepare: (layer, assets) => new MaskSurface(layer, assets),
  glsl: {
    source: MASK_GLSL,
    plan(layer, assets) {
      const net = netOf(layer.net, assets);
      if (net.width > MAX_WIDTH) return null;
      return {
        defines: { WIDTH: net.width, DEPTH: net.layers.length },
        family: { key: layer.net, numbers: () => netNumbers(net) },
        own: [...foldCode(net, layer.code), layer.window ?? 0, 0, 0, 0],
      };
    },
  },
});
