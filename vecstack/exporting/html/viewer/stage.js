"use strict";

// The picture on the page: what part of the canvas is seen, how large, and drawing it again when it comes to rest.

const REST_MS = 160; // without movement, after which it is drawn sharp
const ZOOM_STEP = 1.25;
const PAN_STEP_PX = 60;
const MAX_ZOOM = 2 ** 20; // past the whole canvas: 64-bit numbers have room for it
const MAX_PIXELS = 4 << 20; // of what is drawn at once: finer screens get larger pixels
const CLICK_PX = 4; // of movement, up to which a press is a click
const SQUARES_PX = 8; // of the checkerboard behind a transparent picture
const SQUARE_COLORS = ["#d8d8d8", "#f2f2f2"];

class Stage {
  // `chooseEngine(grid)` gives what draws a grid; `styleOf()` the colours; `onprogress(picture)` hears how far it is;
  // `onpick(place)` that a place was clicked: { x, y } in canvas units, and the grid that is seen; `isPlain` says that
  // no graphics card is at work.
  constructor(element, canvas, { chooseEngine, styleOf, layers, isPlain, onprogress, onzoom, onpick }) {
    Object.assign(this, { element, canvas, chooseEngine, styleOf, layers, onprogress, onzoom, onpick });
    this.paper = element.getContext("2d", { willReadFrequently: isPlain });
    this.preview = null; // a small picture of the whole canvas, seen until there is more
    this.view = null; // { scale, left, top }: device pixels per canvas unit, and the corner seen in such pixels
    this.isFitted = true;
    this.picture = null;
    this.old = null; // { sheet, rect, grid }: the picture before, seen until the next is there
    this.source = null; // the picture it was made from, drawn left of `divide` (0..1 of what is seen)
    this.divide = null;
    this.isResting = false;
    this.outline = null; // { sheet, rect, grid, opacity }: the edge of what was selected, seen for a moment
    this.listen();
  }

  resize() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const wanted = window.devicePixelRatio || 1;
    this.density = Math.min(wanted, Math.sqrt(MAX_PIXELS / (clientWidth * clientHeight)));
    const [width, height] = [clientWidth, clientHeight].map((side) => Math.round(side * this.density));
    if (this.view && this.element.width === width && this.element.height === height) return;
    Object.assign(this.element, { width, height });
    if (!this.view || this.isFitted) this.fit();
    else this.move();
  }

  fit() {
    const { width, height } = this.element;
    const scale = Math.min(width / this.canvas.width, height / this.canvas.height);
    this.fitted = scale;
    const [left, top] = [(this.canvas.width * scale - width) / 2, (this.canvas.height * scale - height) / 2];
    this.view = { scale, left, top };
    this.isFitted = true;
    this.move();
  }

  // Zoom about a point of the element, in device pixels.
  zoom(factor, x = this.element.width / 2, y = this.element.height / 2) {
    const { scale, left, top } = this.view;
    const next = Math.min(Math.max(scale * factor, this.fitted / 8), this.fitted * MAX_ZOOM);
    this.view = { scale: next, left: ((left + x) / scale) * next - x, top: ((top + y) / scale) * next - y };
    this.isFitted = false;
    this.move();
  }

  pan(dx, dy) {
    this.view = { ...this.view, left: this.view.left - dx, top: this.view.top - dy };
    this.isFitted = false;
    this.move();
  }

  // Something moved: stretch what is there, and draw anew at rest.
  move() {
    const { width, height } = this.element;
    const reach = (corner, side, length) => Math.min(Math.max(corner, -side + 32), length - 32);
    this.view.left = reach(this.view.left, width, this.canvas.width * this.view.scale);
    this.view.top = reach(this.view.top, height, this.canvas.height * this.view.scale);
    this.onzoom(this.view.scale / this.density);
    this.request();
    clearTimeout(this.timer);
    this.isResting = false;
    this.timer = setTimeout(() => this.rest(), this.picture ? REST_MS : 0);
  }

  // Whether what is seen is drawn as it is meant to be.
  get isSharp() {
    return this.isResting && this.picture.share === 1;
  }

  rest() {
    this.isResting = true;
    this.view.left = Math.round(this.view.left);
    this.view.top = Math.round(this.view.top);
    this.begin(this.grid);
    this.picture.show(this.seen);
    this.progress();
  }

  // The grid of pixels that is seen.
  get grid() {
    const { scale } = this.view;
    return { scaleX: scale, scaleY: scale, width: this.canvas.width * scale, height: this.canvas.height * scale };
  }

  // The part of the grid that is seen.
  get seen() {
    const [left, top] = [Math.round(this.view.left), Math.round(this.view.top)];
    const [x0, y0] = [Math.max(left, 0), Math.max(top, 0)];
    const x1 = Math.min(left + this.element.width, Math.ceil(this.grid.width));
    const y1 = Math.min(top + this.element.height, Math.ceil(this.grid.height));
    return { left: x0, top: y0, width: Math.max(x1 - x0, 1), height: Math.max(y1 - y0, 1) };
  }

  // A picture on the grid: the one that is there, where it has the same.
  begin(grid) {
    const engine = this.chooseEngine(grid);
    const now = this.picture;
    if (now && now.engine === engine && now.grid.scaleX === grid.scaleX) return;
    if (now) {
      if (now.isDrafted || !this.old) this.old = { sheet: now.sheet, rect: now.rect, grid: now.grid };
      now.close();
    }
    const options = { style: this.styleOf(), layers: this.layers, keep: true, onchange: () => this.progress() };
    this.picture = new Picture(engine, grid, options);
  }

  // Draw everything anew, as the engine has it now; what is there is seen until then.
  redraw() {
    if (!this.picture) return;
    const { sheet, rect, grid } = this.picture;
    this.old = { sheet, rect, grid };
    this.picture.close();
    this.picture = null;
    this.rest();
  }

  // Draw everything anew, with another engine.
  restart() {
    this.picture = null;
    this.rest();
  }

  restyle() {
    return this.picture?.restyle(this.styleOf());
  }

  progress() {
    if (this.picture.share === 1) this.old = null;
    this.onprogress(this.picture);
    this.request();
  }

  request() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    const { paper, element, view, canvas } = this;
    if (!view) return;
    paper.clearRect(0, 0, element.width, element.height);
    const [width, height] = [canvas.width * view.scale, canvas.height * view.scale];
    paper.save();
    paper.beginPath();
    paper.rect(-view.left, -view.top, Math.ceil(width), Math.ceil(height));
    paper.clip();
    if (this.styleOf().background === null) this.paintSquares();
    if (!this.isCovered) {
      if (this.preview) paper.drawImage(this.preview, -view.left, -view.top, width, height);
      if (this.old) this.paste(this.old);
    }
    if (this.picture) this.paste(this.picture);
    this.paintSource(width, height);
    paper.restore();
    if (this.outline) {
      paper.globalAlpha = this.outline.opacity;
      this.paste(this.outline);
      paper.globalAlpha = 1;
    }
  }

  // What a transparent picture lies on.
  paintSquares() {
    const { paper, element } = this;
    const side = Math.round(SQUARES_PX * this.density);
    this.squares ??= paper.createPattern(checkerboard(side), "repeat");
    paper.fillStyle = this.squares;
    paper.fillRect(0, 0, element.width, element.height);
  }

  // Whether nothing but the picture itself can be seen.
  get isCovered() {
    const { picture, view, element } = this;
    if (!picture || !picture.isDrafted || picture.grid.scaleX !== view.scale) return false;
    const { left, top, width, height } = picture.rect;
    const right = Math.min(view.left + element.width, picture.grid.width);
    const bottom = Math.min(view.top + element.height, picture.grid.height);
    const isInside = left <= Math.max(view.left, 0) && top <= Math.max(view.top, 0);
    return isInside && left + width >= right && top + height >= bottom;
  }

  paste({ sheet, rect, grid }) {
    const stretch = this.view.scale / grid.scaleX;
    const [x, y] = [rect.left * stretch - this.view.left, rect.top * stretch - this.view.top];
    this.paper.imageSmoothingEnabled = stretch !== 1;
    this.paper.drawImage(sheet, x, y, rect.width * stretch, rect.height * stretch);
    this.paper.imageSmoothingEnabled = true;
  }

  paintSource(width, height) {
    if (!this.source || this.divide === null) return;
    const { paper, view, element } = this;
    paper.beginPath();
    paper.rect(0, 0, element.width * this.divide, element.height);
    paper.clip();
    paper.drawImage(this.source, -view.left, -view.top, width, height);
  }

  // Wheel, fingers, mouse and keys.
  listen() {
    const { element } = this;
    const fingers = new Map();
    const place = (event) => [event.offsetX * this.density, event.offsetY * this.density];
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      this.zoom(Math.exp((-event.deltaY * unit) / (event.ctrlKey ? 100 : 400)), ...place(event));
    }, { passive: false });
    let press = null; // where a click began, null once it is more than that
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, place(event));
      press = fingers.size === 1 && event.button === 0 ? place(event) : null;
    });
    element.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      if (press && distance(press, place(event)) <= CLICK_PX * this.density) return;
      press = null;
      const before = [...fingers.values()];
      fingers.set(event.pointerId, place(event));
      this.follow(before, [...fingers.values()]);
    });
    element.addEventListener("pointerup", () => {
      if (press) this.pick(...press);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      element.addEventListener(name, (event) => {
        fingers.delete(event.pointerId);
        press = null;
      });
    }
    element.addEventListener("keydown", (event) => this.key(event));
  }

  // Tell of the place on the canvas that is at a place of the element, in device pixels.
  pick(left, top) {
    const { scale, ...corner } = this.view;
    this.onpick({ x: (corner.left + left) / scale, y: (corner.top + top) / scale, grid: this.grid });
  }

  // What fingers, one or two, do to the view.
  follow(before, after) {
    const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    const middle = (points) => [0, 1].map((axis) => mean(points.map((point) => point[axis])));
    const [from, to] = [middle(before), middle(after)];
    this.pan(to[0] - from[0], to[1] - from[1]);
    if (after.length === 2) {
      const spread = ([one, other]) => Math.max(Math.hypot(one[0] - other[0], one[1] - other[1]), 1);
      this.zoom(spread(after) / spread(before), ...to);
    }
  }

  key(event) {
    const step = PAN_STEP_PX * this.density;
    const actions = {
      "+": () => this.zoom(ZOOM_STEP),
      "=": () => this.zoom(ZOOM_STEP),
      "-": () => this.zoom(1 / ZOOM_STEP),
      0: () => this.fit(),
      ArrowLeft: () => this.pan(step, 0),
      ArrowRight: () => this.pan(-step, 0),
      ArrowUp: () => this.pan(0, step),
      ArrowDown: () => this.pan(0, -step),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  }
}

function distance([x, y], [toX, toY]) {
  return Math.hypot(toX - x, toY - y);
}

// Four squares of a checkerboard.
function checkerboard(side) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 2 * side, height: 2 * side });
  const paper = canvas.getContext("2d");
  for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
    paper.fillStyle = SQUARE_COLORS[(x + y) % 2];
    paper.fillRect(x * side, y * side, side, side);
  }
  return canvas;
}
