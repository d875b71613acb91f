"use strict";

// Files that the page gives: the layer file, the SVG and the PNG with what was changed.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const INKSCAPE_NAMESPACE = "http://www.inkscape.org/namespaces/inkscape";

function download(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// The name of a file, from the title of the page.
function fileName(title, ending) {
  const plain = title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return `${plain.slice(0, 80) || "picture"}${ending}`;
}

// The SVG of the document, whose text has no groups, with those of a state and the edits that lead to it from one
// before: `names` are the ids of the layers' elements in it, `layerDocument` the document.
function editedSvg(text, names, layerDocument, before, state) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml");
  const ground = svg.getElementById("background");
  if (state.transparent) (ground.closest("g") ?? ground).remove();
  else ground.setAttribute("fill", toHex(state.background));
  const elements = new Map();
  for (const index of state.order) {
    const element = svg.getElementById(names[index]);
    if (!element) continue; // a layer that does not show
    editElement(svg, element, before.layers[index], state.layers[index], layerDocument.layers[index]);
    elements.set(index, element);
  }
  groupElements(svg, elements, layerDocument, state);
  return new XMLSerializer().serializeToString(svg);
}

function editElement(svg, element, before, state, layer) {
  const { name, visible, opacity, color } = state;
  setOrRemove(element, "opacity", opacity === 1 ? null : opacity);
  setOrRemove(element, "display", visible ? null : "none");
  if (name !== before.name) setLabel(element, name || layer.id);
  const filled = [element, ...element.children].find((part) => part.hasAttribute("fill"));
  if (color && !sameColor(color, before.color)) {
    if (element.hasAttribute("color")) element.setAttribute("color", toHex(color));
    else filled?.setAttribute("fill", toHex(color));
  }
  if (state.fields === before.fields) return;
  const reference = filled?.getAttribute("fill").match(/^url\(#(.*)\)$/)?.[1];
  const stops = svg.getElementById(reference ?? "")?.children ?? [];
  colorsIn(layer, state).forEach((own, place) => stops[place]?.setAttribute("stop-color", toHex(own)));
}

// Put the layers' elements (a Map by index) in their order, each run of neighbours of a group into an element.
function groupElements(svg, elements, { layers, groups = [] }, state) {
  const taken = new Set([...svg.querySelectorAll("[id]")].map(({ id }) => id));
  const open = [svg.documentElement]; // and the elements of groups, outermost first
  let before = [];
  const { paths } = new Groups(layers, groups);
  for (const [index, element] of elements) {
    const path = paths[index];
    open.length = sharedCount(before, path) + 1;
    for (const group of path.slice(open.length - 1)) {
      const made = svg.createElementNS(SVG_NAMESPACE, "g");
      made.id = freshId(groups[group].id, taken);
      made.setAttributeNS(INKSCAPE_NAMESPACE, "inkscape:groupmode", "layer");
      setLabel(made, state.groups[group].name || groups[group].id);
      open.at(-1).append(made, "\n");
      made.append("\n");
      open.push(made);
    }
    open.at(-1).append(element, "\n");
    before = path;
  }
}

function setLabel(element, text) {
  element.setAttributeNS(INKSCAPE_NAMESPACE, "inkscape:label", text);
}

// An id as XML allows it that nothing has yet.
function freshId(wanted, taken) {
  const plain = wanted.replace(/[^A-Za-z0-9_.-]/g, "_");
  const base = /^[A-Za-z_]/.test(plain) ? plain : `group-${plain}`;
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
  taken.add(name);
  return name;
}

function setOrRemove(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

// The sides in pixels of a picture whose long side has `size` pixels, as `vecstack render --size` has them.
function sidesOf({ width, height }, size) {
  const scale = size / Math.max(width, height);
  return [width, height].map((side) => Math.max(1, roundHalfEven(side * scale)));
}

function roundHalfEven(value) {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

// A canvas with the picture drawn anew; `onprogress` hears how much of it, 0..1, is there.
async function drawnCanvas(chooseEngine, canvas, size, style, onprogress) {
  const [width, height] = sidesOf(canvas, size);
  const grid = { scaleX: width / canvas.width, scaleY: height / canvas.height, width, height };
  return (await drawnPicture(chooseEngine, grid, { left: 0, top: 0, width, height }, style, onprogress)).sheet;
}

// A part of a grid drawn anew: ImageData.
async function drawnPart(chooseEngine, grid, rect, style) {
  const picture = await drawnPicture(chooseEngine, grid, rect, style);
  const { left, top } = picture.rect;
  return picture.paper.getImageData(rect.left - left, rect.top - top, rect.width, rect.height);
}

async function drawnPicture(chooseEngine, grid, rect, style, onprogress = () => {}) {
  const layers = style.layers.filter(({ opacity }) => opacity > 0).map(({ index }) => index);
  const picture = new Picture(chooseEngine(grid), grid, {
    style,
    layers,
    keep: false,
    onchange: () => onprogress(picture.share),
  });
  await picture.show(rect);
  picture.close();
  return picture;
}
