"use strict";

// What the page does: reads the document that it holds, and joins its parts.
//
// `traits` are what Python tells of each layer, in the order of the document: { color, bitmap }, or null for a layer
// that cannot be drawn. `color` is [red, green, blue] in 0..1, null where the layer does not have just one. `bitmap` is
// { box: [left, top, right, bottom] in canvas units, png: a URI } for a layer whose kind has no script, else null.

const MAX_PNG_PX = 4096;
const WHOLE = { solo: null, built: null }; // how a picture is looked at of which all is shown
const TYPED_IN = "input[type=number], input[type=text]"; // controls with an undo of their own

function byId(id) {
  return document.getElementById(id);
}

function announce(message) {
  byId("live").textContent = message;
}

function note(message) {
  const before = byId("notice").textContent;
  if (!before.includes(message)) byId("notice").textContent = `${before} ${message}`.trim();
}

// The document's text as Python wrote it, without the escapes that keep it from being read as HTML.
function embeddedText() {
  const escapes = /\\(u003c|u003e|u0026|u2028|u2029|[^])/g;
  return byId("document").textContent.replace(escapes, (whole, code) =>
    code.length === 5 ? String.fromCharCode(parseInt(code.slice(1), 16)) : whole);
}

function nextFrame() {
  return new Promise(requestAnimationFrame);
}

async function loadImage(url) {
  const image = Object.assign(new Image(), { src: url });
  await image.decode();
  return image;
}

// What the engines draw in the place of a layer of which there is a bitmap (see baked.js).
async function bakedLayer({ box: [left, top, right, bottom], png }) {
  const image = await loadImage(png);
  const { naturalWidth: width, naturalHeight: height } = image;
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  const paper = sheet.getContext("2d", { willReadFrequently: true });
  paper.drawImage(image, 0, 0);
  const { data } = paper.getImageData(0, 0, width, height);
  const transform = [[(right - left) / 2, 0, (left + right) / 2], [0, (bottom - top) / 2, (top + bottom) / 2]];
  return { kind: BAKED, transform, width, height, data };
}

// The layers as the engines take them: { layer, hasColors }, null for those that cannot be drawn.
function drawnLayers(layers, traits, assets) {
  return Promise.all(traits.map(async (trait, index) => {
    if (!trait) return null;
    const layer = trait.bitmap ? await bakedLayer(trait.bitmap) : layers[index];
    const { load } = kinds.get(layer.kind);
    return { layer: load ? await load(layer, assets) : layer, hasColors: !trait.color };
  }));
}

// The small picture that is there before anything is drawn: on the page itself, then a part of what the stage draws.
async function showPreview(stage) {
  const image = byId("preview");
  await image.decode().catch(() => {});
  performance.mark("vecstack-preview");
  await nextFrame();
  await nextFrame(); // the first has been shown now, and what follows cannot hold it up
  if (image.naturalWidth) stage.preview = image;
  stage.resize();
  stage.paint();
  image.hidden = true;
  new ResizeObserver(() => stage.resize()).observe(stage.element);
}

// The engines: the browser's own rasteriser for pictures of paths alone; else the graphics card, where there is one that
// can be trusted, and the workers.
class Engines {
  // `scene` is { canvas, layers, assets }: those of the document, but the layers as drawnLayers gives them.
  constructor(scene, onchange) {
    this.scene = scene;
    this.onchange = onchange;
    const wanted = new URLSearchParams(location.hash.slice(1)).get("draw");
    if (!wanted && PathEngine.canDraw(scene)) {
      this.paths = new PathEngine(scene);
      return;
    }
    try {
      if (wanted !== "script") this.card = new GlEngine(this.plainScene(), wanted === "webgl2");
    } catch (error) {
      if (wanted === "webgl2") note(`The graphics card cannot be used: ${error.message}.`);
    }
    if (this.card) this.card.onfailure = (message) => this.leaveCard(message);
  }

  // The scene with its assets as bytes.
  plainScene() {
    const { canvas, layers, assets } = this.scene;
    const bytes = new Map(Object.entries(assets ?? {}).map(([name, { data }]) => [name, fromBase64(data)]));
    return { canvas, layers, assets: bytes };
  }

  leaveCard(message) {
    note(`${message}; drawing continues without it.`);
    this.card.close();
    this.card = null;
    this.onchange();
  }

  // Take a layer in other colours of its own, as drawnLayers gives it.
  renew(index, drawn) {
    this.scene.layers[index] = drawn;
    for (const engine of [this.paths, this.card, this.workers]) engine?.renew(index, drawn);
  }

  get script() {
    if (!this.workers) {
      const source = `${byId("kinds").textContent}\n${byId("worker").textContent}`;
      this.workers = new ScriptEngine(source, this.scene);
      this.workers.onfailure = note;
    }
    return this.workers;
  }

  choose(grid) {
    return this.paths ?? (this.card?.suits(grid) ? this.card : this.script);
  }
}

async function start() {
  const text = embeddedText();
  const layerDocument = JSON.parse(text);
  const extras = JSON.parse(byId("extras").textContent);
  const { canvas, layers, groups = [], assets } = layerDocument;
  const traits = extras.layers;
  const drawn = layers.map((_, index) => index).filter((index) => traits[index]);
  const counts = [[layers, "layer"], [groups, "group"]].filter(([list]) => list === layers || list.length);
  const counted = counts.map(([{ length }, word]) => `${length} ${word}${length === 1 ? "" : "s"}`).join(" in ");
  byId("facts").textContent = `${canvas.width} × ${canvas.height}, ${counted}`;
  byId("picture").setAttribute("aria-label", `The picture: ${extras.title}`);

  byId("frame").style.setProperty("--aspect", `${canvas.width} / ${canvas.height}`);

  const store = new Store(stateOf(layerDocument, traits));
  const look = { solo: null, selected: null, built: null };

  // The layers' colours, lowest first, null of those that keep their own; those that are not seen have an opacity of 0.
  const styleOf = (state, { solo, built }) => ({
    background: state.transparent ? null : state.background,
    layers: state.order.filter((index) => traits[index]).map((index, place) => {
      const { visible, opacity, color = null } = state.layers[index];
      const isSeen = (solo === null ? visible : solo.layers.has(index)) && (built === null || place < built);
      return { index, color, opacity: isSeen ? opacity : 0 };
    }),
  });

  const scene = { canvas, layers: await drawnLayers(layers, traits, assets), assets };
  const engines = new Engines(scene, () => stage.restart());
  const finder = new Finder(engines.plainScene());
  const choose = (grid) => engines.choose(grid);
  const stage = new Stage(byId("picture"), canvas, {
    chooseEngine: choose,
    styleOf: () => styleOf(store.state, look),
    layers: drawn,
    isPlain: !engines.card,
    onprogress({ isDrafted, share }) {
      if (isDrafted && !performance.getEntriesByName("vecstack-draft").length) performance.mark("vecstack-draft");
      byId("busy").hidden = share === 1;
      byId("busy").style.setProperty("transform", `scaleX(${Math.max(share, 0.03)})`);
    },
    onzoom(scale) {
      const percent = 100 * scale;
      byId("zoom").textContent = `${percent < 10 ? percent.toFixed(1) : Math.round(percent).toLocaleString("en")} %`;
    },
    onpick: (place) => panel.pick(place, finder.at(place.x, place.y, place.grid, styleOf(store.state, look))),
  });
  const outliner = new Outliner(stage);
  showPreview(stage);

  const restyled = async (isRenewed) => {
    const begin = performance.now();
    if (isRenewed) stage.redraw();
    else await stage.restyle();
    await nextFrame();
    performance.measure("vecstack-restyle", { start: begin });
  };
  let recent = Promise.resolve();
  const panel = new Panel(layerDocument, traits, store, look, {
    onlook: () => (recent = restyled(false)),
    onapproach: (index) => stage.picture?.expect(index),
    onselect: (indices) => (recent = outliner.show(indices)),
  });
  const player = new Player(drawn.length, (built) => {
    look.built = built;
    return (recent = restyled(false));
  });
  let shown = store.state;
  store.listeners.push((state, message) => {
    const renewed = drawn.filter((index) => state.layers[index].fields !== shown.layers[index].fields);
    shown = state;
    for (const index of renewed) {
      engines.renew(index, { layer: { ...layers[index], ...state.layers[index].fields }, hasColors: true });
      finder.forget(index);
    }
    if (message) announce(message);
    panel.update(state);
    byId("undo").disabled = !store.past.length;
    byId("redo").disabled = !store.future.length;
    byId("reset").disabled = !store.isChanged;
    recent = restyled(renewed.length > 0);
    if (message) renewThumbnails(panel, renewed, choose);
  });

  connectButtons(store, stage);
  connectComparison(stage, extras.source);
  const draw = (size, state, onprogress) => drawnCanvas(choose, canvas, size, styleOf(state, WHOLE), onprogress);
  connectDownloads({ text, extras, layerDocument, store, draw });
  tellOddities(layers, traits);
  drawThumbnails(panel, stage, choose, canvas, traits);

  // For programs that drive the page.
  window.vecstack = {
    get engine() {
      return stage.picture?.engine.name ?? null;
    },
    // The part of the canvas that is seen: device pixels per canvas unit, and the corner in such pixels.
    get view() {
      return stage.view;
    },
    // Resolves when the picture is drawn as it is meant to be, in the colours of the moment.
    async settled() {
      await recent;
      do {
        await nextFrame();
        await nextFrame(); // in which the stage hears of a change of its size
      } while (!stage.isSharp);
    },
    // The document as it is now, drawn anew: { width, height, data } with red, green, blue and alpha of each pixel.
    async pixels(size) {
      const sheet = await draw(size, store.state);
      const { width, height, data } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
      return { width, height, data: [...data] };
    },
  };
}

function connectButtons(store, stage) {
  const clicks = {
    "zoom-in": () => stage.zoom(ZOOM_STEP),
    "zoom-out": () => stage.zoom(1 / ZOOM_STEP),
    fit: () => stage.fit(),
    undo: () => store.undo(),
    redo: () => store.redo(),
    reset: () => store.commit(store.first, "Reset"),
  };
  for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches(TYPED_IN)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) store.redo();
    else store.undo();
  });
}

// The slider between the picture before and after.
async function connectComparison(stage, source) {
  if (!source) return;
  stage.source = await loadImage(source);
  const [button, slider, divider] = [byId("compare"), byId("divide"), byId("divider")];
  byId("comparison").hidden = false;
  const show = () => {
    const isOn = button.getAttribute("aria-pressed") === "true";
    slider.hidden = divider.hidden = !isOn;
    stage.divide = isOn ? slider.value / 100 : null;
    divider.style.setProperty("left", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} %`);
    stage.request();
  };
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
    show();
  });
  slider.addEventListener("input", show);
  divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const box = stage.element.getBoundingClientRect();
    slider.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    show();
  });
}

function connectDownloads({ text, extras, layerDocument, store, draw }) {
  const { title, svg, elements } = extras;
  const { canvas } = layerDocument;
  const size = byId("size");
  size.value = Math.min(Math.max(canvas.width, canvas.height), MAX_PNG_PX);
  byId("save-document").addEventListener("click", () => {
    const edited = store.isChanged ? editedText(text, store.first, store.settled) : text;
    download(fileName(title, ".layers.json"), [edited], "application/json");
    announce("Layer file saved");
  });
  byId("save-svg").hidden = !svg;
  byId("save-svg").addEventListener("click", () => {
    const edited = editedSvg(svg, elements, layerDocument, store.first, store.settled);
    download(fileName(title, ".svg"), [edited], "image/svg+xml");
    announce("SVG saved");
  });
  byId("save-png").addEventListener("click", async () => {
    const wanted = Math.round(Number(size.value));
    if (!(wanted >= 1 && wanted <= MAX_PNG_PX)) {
      announce(`The long side of a PNG must be 1 to ${MAX_PNG_PX} pixels.`);
      size.focus();
      return;
    }
    const button = byId("save-png");
    button.disabled = true;
    announce("Drawing the PNG");
    const sheet = await draw(wanted, store.settled, (share) => {
      button.textContent = `${Math.floor(100 * share)} %`;
    });
    const blob = await new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
    button.textContent = "PNG";
    button.disabled = false;
    if (!blob) {
      announce("This browser cannot make a PNG of that size.");
      return;
    }
    download(fileName(title, ".png"), [blob], "image/png");
    announce("PNG saved");
  });
}

function tellOddities(layers, traits) {
  if (!layers.length) note("This document has no layers; you see its background.");
  const others = layers.filter((_, index) => !traits[index]);
  if (!others.length) return;
  const names = [...new Set(others.map(({ kind }) => kind))];
  const what = `${names.length === 1 ? "kind" : "kinds"} ${names.join(", ")}`;
  note(`${others.length} of ${layers.length} layers cannot be drawn on this page (${what}).`);
}

// What the page has without it is shown first.
requestAnimationFrame(() => setTimeout(start));
