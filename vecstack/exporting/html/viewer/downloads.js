"use strict";

// Files that the page gives: the layer file, the SVG and the PNG with what was changed.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

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

// The SVG of the document with the edits that lead from one state of it to another: `names` are the ids of the layers'
// groups in it.
function editedSvg(text, names, before, state) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml");
  const root = svg.documentElement;
  svg.getElementById("background")?.setAttribute("fill", toHex(state.background));
  for (const index of state.order) {
    const group = svg.getElementById(names[index]);
    if (!group) continue; // a layer that does not show
    const { visible, opacity, color } = state.layers[index];
    setOrRemove(group, "opacity", opacity === 1 ? null : opacity);
    setOrRemove(group, "display", visible ? null : "none");
    if (color && !sameColor(color, before.layers[index].color)) {
      [group, ...group.children].find((child) => child.hasAttribute("fill"))?.setAttribute("fill", toHex(color));
    }
    root.append(group, "\n");
  }
  return new XMLSerializer().serializeToString(svg);
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
async function drawnCanvas(chooseEngine, canvas, size, style, onprogress = () => {}) {
  const [width, height] = sidesOf(canvas, size);
  const grid = { scaleX: width / canvas.width, scaleY: height / canvas.height, width, height };
  const layers = style.layers.filter(({ opacity }) => opacity > 0).map(({ index }) => index);
  const picture = new Picture(chooseEngine(grid), grid, {
    style,
    layers,
    keep: false,
    onchange: () => onprogress(picture.share),
  });
  await picture.show({ left: 0, top: 0, width, height });
  picture.close();
  return picture.sheet;
}
