"use strict";

// Drawing on a graphics card: the mask of each layer on each tile is drawn once into a texture, together with the
// layer's colours where it has its own; laying colours over one another is then a matter of a few rectangles.

const DATA_WIDTH = 256; // fours of numbers in a row of a texture of numbers
const DRAFT = 4; // pixels that a first, rough mask has one of
const DRAW_MS = 8; // that a piece of work on the card should take, so that the page stays alive
const FINEST = 2 ** -18; // of a local frame: pixels closer than this are not told apart by 32-bit numbers
const TOO_LARGE = "one of the layers is too large for it";
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

const QUAD = `#version 300 es
uniform vec4 box; // left, top, right, bottom in -1..1
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  gl_Position = vec4(mix(box.xy, box.zw, corner), 0.0, 1.0);
}`;

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
`;

const BAKE = (plan, source, hasColors) => `${HEAD}
${Object.entries(plan.defines).map(([name, value]) => `#define ${name} ${Math.trunc(value)}\n`).join("")}
uniform sampler2D family;
uniform sampler2D own;
uniform vec2 base;   // the place of the corner of the rectangle in the local frame
uniform mat2 steps;  // from pixels to the local frame
out vec4 result;
vec4 at(sampler2D numbers, int index) {
  return texelFetch(numbers, ivec2(index % ${DATA_WIDTH}, index / ${DATA_WIDTH}), 0);
}
${FADE_GLSL}
${source}
void main() {
  vec2 place = base + steps * gl_FragCoord.xy;
  float alpha = mask(place);
  result = ${hasColors ? "vec4(color(place) * alpha, alpha)" : "vec4(alpha)"};
}`;

const LAY = `${HEAD}
uniform sampler2D masks;
uniform vec4 rect;   // of the mask in the tile
uniform vec4 color;  // and opacity
out vec4 result;
void main() { result = vec4(color.rgb, color.a * texture(masks, (gl_FragCoord.xy - rect.xy) / rect.zw).r); }`;

// The same of a mask with colours, in which these are held times the mask; a red below 0 asks for them.
const LAY_COLORS = `${HEAD}
uniform sampler2D masks;
uniform vec4 rect;
uniform vec4 color;
out vec4 result;
void main() {
  vec4 found = texture(masks, (gl_FragCoord.xy - rect.xy) / rect.zw);
  vec3 own = found.a > 0.0 ? found.rgb / found.a : vec3(0.0);
  result = vec4(color.r < 0.0 ? own : color.rgb, color.a * found.a);
}`;
const OWN_COLORS = [-1, 0, 0];

const COPY = `${HEAD}
uniform sampler2D picture;
uniform float height;
out vec4 result;
void main() { result = texelFetch(picture, ivec2(gl_FragCoord.x, height - gl_FragCoord.y), 0); }`;

class GlEngine {
  // Raises an error that says why it cannot be used. `isForced` takes a card that is none, too.
  constructor(scene, isForced) {
    this.name = "webgl2";
    this.tileSize = 512;
    this.onfailure = () => {};
    this.pictures = new Map(); // id -> { style, listener, tiles: Map }
    this.drafts = []; // tiles to be drawn roughly, then those to be drawn as they are meant to be
    this.finals = [];
    this.canvas = Object.assign(document.createElement("canvas"), { width: this.tileSize, height: this.tileSize });
    const options = { antialias: false, depth: false, preserveDrawingBuffer: true };
    this.gl = this.canvas.getContext("webgl2", { ...options, failIfMajorPerformanceCaveat: !isForced });
    if (!this.gl) throw new Error("this browser has no WebGL2");
    const details = this.gl.getExtension("WEBGL_debug_renderer_info");
    const renderer = details ? this.gl.getParameter(details.UNMASKED_RENDERER_WEBGL) : "";
    if (!isForced && SOFTWARE.test(renderer)) throw new Error(`it is simulated in software (${renderer})`);
    this.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      if (!this.isClosed) this.onfailure("The graphics card was lost");
    });
    this.prepare(scene);
  }

  prepare({ canvas, layers, assets }) {
    const { gl } = this;
    const isFine = !!gl.getExtension("EXT_color_buffer_float");
    this.isFine = isFine;
    this.programs = new Map();
    this.families = new Map();
    this.lay = this.program(LAY);
    this.layColors = this.program(LAY_COLORS);
    this.copy = this.program(COPY);
    this.target = gl.createFramebuffer();
    this.paper = this.texture(isFine ? gl.RGBA16F : gl.RGBA8, this.tileSize, this.tileSize);
    this.pixels = 4096; // drawn at a time; follows how long that takes
    Object.assign(this, { paperCanvas: canvas, assets });
    this.scene = layers.map((drawn) => drawn && this.prepareLayer(drawn, canvas, assets));
  }

  // Take another layer in the place of one; pictures that are begun later have it.
  renew(index, drawn) {
    this.scene[index] = this.prepareLayer(drawn, this.paperCanvas, this.assets);
  }

  prepareLayer(drawn, canvas, assets) {
    const { layer, hasColors } = drawn;
    const kind = kinds.get(layer.kind);
    if (kind.path) return pathLayer(drawn, canvas);
    const transform = transformOf(layer, canvas);
    if (!kind.glsl || (hasColors && !kind.glsl.hasColors)) throw new Error("it cannot draw one of the kinds of layer");
    const plan = kind.glsl.plan(layer, assets);
    if (!plan) throw new Error(TOO_LARGE);
    const key = `${layer.kind} ${hasColors} ${JSON.stringify(plan.defines)}`;
    if (!this.programs.has(key)) this.programs.set(key, this.program(BAKE(plan, kind.glsl.source, hasColors)));
    const family = `${layer.kind} ${plan.family.key}`;
    if (!this.families.has(family)) this.families.set(family, this.numbers(plan.family.numbers()));
    return {
      transform,
      hasColors,
      bounds: kind.prepare(layer, assets).isBounded ? boundsOf(transform) : null,
      program: this.programs.get(key),
      family: this.families.get(family),
      own: this.numbers(plan.own),
    };
  }

  program(source) {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, QUAD], [gl.FRAGMENT_SHADER, source]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
      const reason = [gl.getProgramInfoLog(program), ...logs].join(" ").slice(0, 300);
      throw new Error(`it refuses a program: ${reason}`);
    }
    const names = ["box", "family", "own", "base", "steps", "masks", "rect", "color", "picture", "height"];
    return { program, at: Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])) };
  }

  texture(format, width, height, filter = this.gl.NEAREST) {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, filter);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    return texture;
  }

  // A texture of 32-bit numbers, or of bytes, by fours.
  numbers(values) {
    const { gl } = this;
    const rows = Math.ceil(values.length / 4 / DATA_WIDTH);
    if (rows > gl.getParameter(gl.MAX_TEXTURE_SIZE)) throw new Error(TOO_LARGE);
    const areBytes = values instanceof Uint8Array || values instanceof Uint8ClampedArray;
    const texture = this.texture(areBytes ? gl.RGBA8 : gl.RGBA32F, DATA_WIDTH, rows);
    const data = new (areBytes ? Uint8Array : Float32Array)(4 * DATA_WIDTH * rows);
    data.set(values);
    const type = areBytes ? gl.UNSIGNED_BYTE : gl.FLOAT;
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, DATA_WIDTH, rows, gl.RGBA, type, data);
    return texture;
  }

  // Whether 32-bit numbers tell the pixels of a grid apart in every layer's frame.
  suits(grid) {
    return this.scene.every((layer) => {
      if (!layer || layer.path) return true;
      const [a, b, , d, e] = pixelsToFrame(layer.transform, grid);
      return Math.max(Math.hypot(a, d), Math.hypot(b, e)) > FINEST;
    });
  }

  bake(id, { style, grid, tiles, layers, keep }, listener) {
    const picture = this.pictures.get(id) ?? { id, tiles: new Map() };
    this.pictures.set(id, picture);
    Object.assign(picture, { style, listener });
    for (const rect of tiles) {
      const tile = { ...rect, picture, grid, layers, keep, masks: new Map(), isFinal: false, isDropped: false };
      picture.tiles.set(tile.id, tile);
      if (keep) this.drafts.push({ tile, steps: this.draw(tile, DRAFT) });
      this.finals.push({ tile, steps: this.draw(tile, 1) });
    }
    this.schedule();
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setTimeout(() => {
      this.isScheduled = false;
      this.work();
    });
  }

  get waiting() {
    return [this.drafts, this.finals].find((queue) => queue.length);
  }

  work() {
    const end = performance.now() + DRAW_MS;
    let queue = this.waiting;
    while (queue && performance.now() < end) {
      const { tile, steps } = queue[0];
      if (tile.isDropped || steps.next().done) queue.shift();
      queue = this.waiting;
    }
    if (queue) this.schedule();
  }

  // Draw the masks of a tile, with one pixel in each square of `coarseness` pixels.
  *draw(tile, coarseness) {
    const { gl } = this;
    for (const index of tile.layers) {
      const layer = this.scene[index];
      const rect = layer && overlap(tile, layer.bounds, tile.grid);
      if (!rect) continue;
      const [width, height] = [rect.width, rect.height].map((side) => Math.max(1, Math.round(side / coarseness)));
      if (layer.path) {
        this.setMask(tile, index, { rect, texture: this.pathMask(layer, tile.grid, rect, width, height) });
        yield;
        continue;
      }
      const [stepX, stepY] = [rect.width / width, rect.height / height];
      const texture = this.texture(this.maskFormat(layer), width, height, gl.LINEAR);
      const [a, b, c, d, e, f] = pixelsToFrame(layer.transform, tile.grid);
      const base = [a * rect.left + b * rect.top + c, d * rect.left + e * rect.top + f];
      for (let row = 0; row < height; ) {
        const rows = Math.min(height - row, Math.max(1, Math.floor(this.pixels / width)));
        const start = performance.now();
        this.aim(texture, width, height);
        gl.useProgram(layer.program.program);
        this.bind(layer.program.at.family, layer.family, 0);
        this.bind(layer.program.at.own, layer.own, 1);
        gl.uniform2fv(layer.program.at.base, base);
        gl.uniformMatrix2fv(layer.program.at.steps, false, [a * stepX, d * stepX, b * stepY, e * stepY]);
        this.fill(layer.program, [-1, (2 * row) / height - 1, 1, (2 * (row + rows)) / height - 1]);
        gl.readPixels(0, row, 1, 1, gl.RGBA, this.isFine ? gl.FLOAT : gl.UNSIGNED_BYTE,
          this.isFine ? new Float32Array(4) : new Uint8Array(4)); // waits for the card
        const time = Math.max(performance.now() - start, 0.1);
        this.pixels = Math.min(Math.max(this.pixels * Math.min(DRAW_MS / time, 2), 64), 1 << 20);
        row += rows;
        yield;
        if (tile.isDropped) {
          gl.deleteTexture(texture);
          return;
        }
      }
      this.setMask(tile, index, { rect, texture });
    }
    tile.isFinal = coarseness === 1;
    this.send(tile);
    if (!tile.keep) this.forget(tile);
  }

  // A texture of a path on a rectangle of a grid, drawn with so many pixels.
  pathMask({ path, transform, hasColors }, grid, rect, width, height) {
    const { gl } = this;
    const sheet = Object.assign(document.createElement("canvas"), { width, height });
    const coarse = { scaleX: (grid.scaleX * width) / rect.width, scaleY: (grid.scaleY * height) / rect.height };
    const corner = { left: (rect.left * width) / rect.width, top: (rect.top * height) / rect.height };
    const color = hasColors ? null : [1, 1, 1]; // red is the mask then
    const paper = sheet.getContext("2d", { willReadFrequently: true });
    fillPath(paper, path, frameToPixels(transform, coarse, corner), sheet, color);
    const [inside, format] = hasColors ? [gl.RGBA8, gl.RGBA] : [gl.R8, gl.RED];
    const texture = this.texture(inside, width, height, gl.LINEAR);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, format, gl.UNSIGNED_BYTE, sheet);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    return texture;
  }

  maskFormat({ hasColors }) {
    const { gl, isFine } = this;
    if (hasColors) return isFine ? gl.RGBA16F : gl.RGBA8;
    return isFine ? gl.R16F : gl.R8;
  }

  setMask(tile, index, mask) {
    const old = tile.masks.get(index);
    if (old) this.gl.deleteTexture(old.texture);
    tile.masks.set(index, mask);
  }

  aim(texture, width, height) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, texture ? this.target : null);
    if (texture) gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    gl.viewport(0, 0, width, height);
  }

  bind(location, texture, unit) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1i(location, unit);
  }

  fill({ at }, box) {
    this.gl.uniform4fv(at.box, box);
    this.gl.drawArrays(this.gl.TRIANGLE_STRIP, 0, 4);
  }

  // Lay the colours of a tile over one another and hand them on.
  send(tile) {
    const { gl, tileSize: size } = this;
    const { background, layers } = tile.picture.style;
    this.aim(this.paper, size, size);
    gl.clearColor(...(background ?? [0, 0, 0]), background ? 1 : 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const { index, color, opacity } of layers) {
      const mask = tile.masks.get(index);
      if (!mask || opacity === 0) continue;
      const [x, y] = [mask.rect.left - tile.left, mask.rect.top - tile.top];
      const { width, height } = mask.rect;
      const lay = this.scene[index].hasColors ? this.layColors : this.lay;
      gl.useProgram(lay.program);
      this.bind(lay.at.masks, mask.texture, 0);
      gl.uniform4f(lay.at.rect, x, y, width, height);
      gl.uniform4f(lay.at.color, ...(color ?? OWN_COLORS), opacity);
      const place = (pixel) => (2 * pixel) / size - 1;
      this.fill(lay, [place(x), place(y), place(x + width), place(y + height)]);
    }
    gl.disable(gl.BLEND);
    this.aim(null, size, size);
    gl.useProgram(this.copy.program);
    this.bind(this.copy.at.picture, this.paper, 0);
    gl.uniform1f(this.copy.at.height, size);
    this.fill(this.copy, [-1, -1, 1, 1]);
    tile.picture.listener([{ id: tile.id, isFinal: tile.isFinal, pixels: this.canvas }]);
  }

  async restyle(id, style) {
    const picture = this.pictures.get(id);
    if (!picture) return;
    picture.style = style;
    for (const tile of picture.tiles.values()) if (tile.masks.size) this.send(tile);
    await new Promise(requestAnimationFrame);
  }

  expect() {}

  forget(tile) {
    tile.isDropped = true;
    for (const { texture } of tile.masks.values()) this.gl.deleteTexture(texture);
    tile.picture.tiles.delete(tile.id);
  }

  drop(id, ids) {
    const picture = this.pictures.get(id);
    if (!picture) return;
    for (const key of ids ?? [...picture.tiles.keys()]) {
      const tile = picture.tiles.get(key);
      if (tile) this.forget(tile);
    }
    if (ids === null) this.pictures.delete(id);
  }

  close() {
    this.isClosed = true;
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
