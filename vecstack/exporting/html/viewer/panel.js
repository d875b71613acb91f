"use strict";

// The list of layers: a row each, topmost first, below a row for each run of neighbours of a group; and what can be
// changed of them. groupbar.js has the rows of groups.

// What the controls of a row are called, before the layer's name.
const LABELS = {
  ".visible": "Show",
  ".solo": "Show only",
  ".color": "Colour of",
  ".opacity": "Opacity of",
  ".up": "Move up",
  ".down": "Move down",
};
const MAX_OPEN = 30; // layers in all, up to which groups are open to begin with
const MAX_INDENT = 6; // groups in groups, up to which rows are indented
const LEAST_SHARE = 1e-3; // pixels of a small picture: what a layer counts that does not show, where no other does
const SAME_PX = 6; // between two clicks, up to which they are at the same place

class Panel {
  // `look` holds what is only a way of looking: { solo: null or { of, layers }, a name and a Set of indices; selected:
  // an index or null }; `onlook()` hears that the former has changed, `onselect(indices)` what has been selected,
  // `onapproach(index)` that a layer (-1: the background) may be changed soon.
  // `traits` are those of the layers (see main.js).
  constructor({ layers, groups = [] }, traits, store, look, { onlook, onselect, onapproach }) {
    Object.assign(this, { layers, traits, store, look, onlook, onselect, onapproach });
    this.list = byId("layers");
    this.groups = new Groups(layers, groups);
    this.bars = new GroupBars(groups, this);
    this.open = new Set(layers.length <= MAX_OPEN ? groups.keys() : []);
    this.rows = this.layers.map((_, index) => emptyRow(index));
    this.filled = new Set(); // the layers whose rows have been shown, and so have controls
    this.pictures = new Map(); // index -> pictures of the layer; see setPicture
    this.isPictured = false; // whether all are there
    this.weighed = null; // { state, isPictured, shares }: how much of the picture each layer is
    this.shown = null; // the state that the rows show
    this.picked = null; // the place that was clicked last
    byId("background").addEventListener("input", (event) => this.setBackground(event.target.value, false));
    byId("background").addEventListener("change", (event) => this.setBackground(event.target.value, true));
    byId("transparent").addEventListener("change", (event) => this.setTransparent(event.target.checked));
    for (const name of ["pointerenter", "focusin"]) byId("ground").addEventListener(name, () => onapproach(-1));
    this.listenToDrag();
    this.update(store.state);
  }

  nameOf(index) {
    return this.store.state.layers[index].name || this.layers[index].id;
  }

  // Give a row its controls, before it is shown first.
  fillRow(index) {
    this.filled.add(index);
    const row = this.rows[index];
    row.append(byId("row").content.cloneNode(true));
    const part = (selector) => row.querySelector(selector);
    for (const [selector, title] of [[".solo", "Show only this layer"], [".up", "Move up"], [".down", "Move down"]]) {
      part(selector).title = title;
    }
    part(".name").addEventListener("click", () => this.select(index));
    part(".name").addEventListener("dblclick", () => this.rename(index));
    part(".visible").addEventListener("click", () => this.toggle(index));
    part(".solo").addEventListener("click", () => this.setSolo(`layer ${index}`, [index], this.nameOf(index)));
    part(".up").addEventListener("click", () => this.move(index, 1));
    part(".down").addEventListener("click", () => this.move(index, -1));
    part(".opacity").addEventListener("input", (event) => this.setOpacity(index, event.target.value, false));
    part(".opacity").addEventListener("change", (event) => this.setOpacity(index, event.target.value, true));
    part(".color").addEventListener("input", (event) => this.setColor(index, event.target.value, false));
    part(".color").addEventListener("change", (event) => this.setColor(index, event.target.value, true));
    for (const name of ["pointerenter", "focusin"]) row.addEventListener(name, () => this.onapproach(index));
    row.addEventListener("keydown", (event) => this.key(event, index));
    const { layers, order } = this.store.state;
    if (!this.traits[index]) this.markUnknown(row, this.layers[index]);
    else if (!this.traits[index].color) this.markColored(row, layers[index]);
    this.markEnds(index, order);
    this.updateRow(layers[index], index);
  }

  markUnknown(row, layer) {
    row.querySelector(".remark").textContent = ` ${layer.kind}, not drawn here`;
    for (const selector of [".color", ".solo"]) row.querySelector(selector).disabled = true;
  }

  markColored(row, { fields }) {
    const control = row.querySelector(".color");
    control.title = "This layer has colours of its own";
    if (fields) control.title += ", which shift together";
    else row.classList.add("has-colors");
    control.disabled = !fields;
  }

  // Changes

  change(state, isFinal, message) {
    if (isFinal) this.store.commit(state, message);
    else this.store.preview(state);
  }

  toggle(index) {
    const visible = !this.store.state.layers[index].visible;
    const message = `${this.nameOf(index)} ${visible ? "shown" : "hidden"}`;
    this.change(withLayer(this.store.state, index, { visible }), true, message);
  }

  setOpacity(index, percent, isFinal) {
    const state = withLayer(this.store.state, index, { opacity: Number(percent) / 100 });
    this.change(state, isFinal, `Opacity of ${this.nameOf(index)} ${percent} %`);
  }

  setColor(index, text, isFinal) {
    if (this.store.state.layers[index].fields) {
      this.shiftColors([index], text, isFinal, this.nameOf(index));
      return;
    }
    const state = withLayer(this.store.state, index, { color: fromHex(text) });
    this.change(state, isFinal, `Colour of ${this.nameOf(index)} ${text}`);
  }

  // Give layers other colours whose mean is the one that is asked for; `name` is what they are called together.
  shiftColors(indices, text, isFinal, name) {
    const { state, settled } = this.store;
    const colors = shiftedColors(...this.colorsOf(indices, settled), fromHex(text));
    const changed = (index) => [index, recoloredState(this.layers[index], settled.layers[index], colors)];
    this.change(withLayers(state, new Map(indices.map(changed))), isFinal, `Colour of ${name} ${text}`);
  }

  // The colours of layers in a state, and how much each counts.
  colorsOf(indices, state) {
    if (this.weighed?.state !== state || this.weighed.isPictured !== this.isPictured) {
      this.weighed = { state, isPictured: this.isPictured, shares: this.sharesOf(state) };
    }
    const lists = indices.map((index) => colorsIn(this.layers[index], state.layers[index]));
    const weights = lists.map((list, place) => list.map(() => this.weighed.shares[indices[place]] / list.length));
    return [lists.flat(), weights.flat()];
  }

  // Show the mean of layers' colours in a control, which has the one that was asked for while it is being chosen.
  showMean(control, indices) {
    const { state, settled } = this.store;
    if (indices.length && state === settled) control.value = toHex(meanColor(...this.colorsOf(indices, state)));
  }

  setBackground(text, isFinal) {
    const state = { ...this.store.state, background: fromHex(text), transparent: false };
    this.change(state, isFinal, `Background ${text}`);
  }

  setTransparent(transparent) {
    const message = transparent ? "No background" : "Background shown";
    this.change({ ...this.store.state, transparent }, true, message);
  }

  rename(index) {
    const { name } = this.store.state.layers[index];
    editName(this.rows[index].querySelector(".name"), name, this.layers[index].id, (text) => {
      const message = `${this.nameOf(index)} renamed to ${text || this.layers[index].id}`;
      this.change(withLayer(this.store.state, index, { name: text }), true, message);
    });
  }

  // Show only some layers, or again all where these are the only ones; `of` tells one such list from others.
  setSolo(of, indices, name) {
    this.look.solo = this.look.solo?.of === of ? null : { of, layers: new Set(indices) };
    announce(this.look.solo ? `Only ${name} shown` : "All layers shown");
    this.shown = null;
    this.update(this.store.state);
    this.onlook();
  }

  // Move a layer up (1) or down (-1) by one, past the whole of a closed group; the control that has the focus keeps it.
  move(index, step) {
    const { order } = this.store.state;
    const pathAt = (place) => this.groups.paths[order[place]] ?? [];
    let place = order.indexOf(index) + step;
    const own = this.groups.paths[index];
    const closed = pathAt(place).slice(sharedCount(pathAt(place), own)).find((group) => !this.open.has(group));
    while (closed !== undefined && pathAt(place + step).includes(closed)) place += step;
    this.moveTo(index, place);
  }

  moveTo(index, place) {
    const { state } = this.store;
    const count = state.order.length;
    if (place < 0 || place >= count || state.order[place] === index) return;
    const focused = document.activeElement;
    const message = `${this.nameOf(index)} moved to place ${count - place} of ${count}`;
    this.change(withPlace(state, index, place), true, message);
    const row = this.rows[index];
    if (row.contains(focused)) (focused.disabled ? row.querySelector("button:enabled") : focused).focus();
    row.scrollIntoView({ block: "nearest" });
  }

  key(event, index) {
    if (event.key === "F2") {
      event.preventDefault();
      this.rename(index);
    }
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step || !event.altKey) return;
    event.preventDefault();
    this.move(index, step);
  }

  // Drag a row by its thumbnail: it moves as the pointer passes the middle of others.
  listenToDrag() {
    let dragged = null;
    this.list.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest(".grip");
      if (!grip || event.button !== 0) return;
      event.preventDefault();
      dragged = { row: grip.closest(".layer"), grip };
      grip.setPointerCapture(event.pointerId);
      dragged.row.classList.add("is-dragged");
    });
    this.list.addEventListener("pointermove", (event) => {
      if (dragged) this.dragTo(dragged.row, event.clientY);
    });
    const finish = (isDone) => {
      if (!dragged) return;
      const { row } = dragged;
      dragged = null;
      row.classList.remove("is-dragged");
      const place = [...this.list.querySelectorAll(".layer")].reverse().indexOf(row);
      if (isDone) this.moveTo(Number(row.dataset.index), place);
      this.arrange(this.store.state.order);
    };
    this.list.addEventListener("pointerup", () => finish(true));
    this.list.addEventListener("pointercancel", () => finish(false));
  }

  dragTo(row, y) {
    const box = this.list.getBoundingClientRect();
    if (y < box.top + 24) this.list.scrollTop -= 8;
    if (y > box.bottom - 24) this.list.scrollTop += 8;
    const next = [...this.list.children].find((other) => {
      const { top, height } = other.getBoundingClientRect();
      return other !== row && !other.hidden && y < top + height / 2;
    });
    if ((next ?? null) !== row.nextElementSibling) this.list.insertBefore(row, next ?? null);
  }

  // What is selected

  // A place of the picture was clicked, with the layers that show there, topmost first: select the topmost or, where
  // the same place is clicked again, the one below the last.
  pick(place, found) {
    const last = this.picked;
    const isSame = last && Math.hypot(place.x - last.x, place.y - last.y) * place.grid.scaleX <= SAME_PX;
    this.picked = place;
    const next = isSame ? (found.indexOf(this.look.selected) + 1) % found.length : 0;
    this.select(found[next] ?? null);
    this.reveal(found[next] ?? null);
  }

  // Mark a layer (null: none) and tell of it.
  select(index) {
    this.look.selected = index;
    for (const row of this.list.querySelectorAll(".is-selected")) this.mark(row, false);
    if (index !== null) this.mark(this.rows[index], true);
    announce(index === null ? "No layer there" : this.placeOf(index));
    this.onselect(index === null ? [] : [index]);
  }

  // The names of the groups that a layer is in, outermost first, and its own.
  placeOf(index) {
    return [...this.groups.paths[index].map((group) => this.bars.nameOf(group)), this.nameOf(index)].join(", ");
  }

  // Open the groups that a layer is in, and bring its row in sight.
  reveal(index) {
    if (index === null) return;
    for (const group of this.groups.paths[index]) this.open.add(group);
    this.arrange(this.store.state.order);
    this.rows[index].scrollIntoView({ block: "nearest" });
  }

  mark(row, isSelected) {
    row.classList.toggle("is-selected", isSelected);
    if (isSelected) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }

  // What is shown

  // Put the rows in their places, and hide those within closed groups.
  arrange(order) {
    const rows = this.groups.rowsOf(order).map((place) => {
      const isLayer = place.group === undefined;
      const row = isLayer ? this.rows[place.index] : this.bars.rowOf(place);
      row.hidden = !place.path.every((group) => this.open.has(group));
      if (row.hidden) return row;
      row.style.setProperty("--depth", Math.min(place.path.length, MAX_INDENT));
      if (isLayer && !this.filled.has(place.index)) this.fillRow(place.index);
      return row;
    });
    const isInPlace = rows.length === this.list.children.length
      && rows.every((row, place) => row === this.list.children[place]);
    if (!isInPlace) this.list.replaceChildren(...rows);
  }

  update(state) {
    const old = this.shown;
    this.shown = state;
    if (!old || old.order !== state.order) {
      this.arrange(state.order);
      for (const index of this.filled) this.markEnds(index, state.order);
    }
    for (const index of this.filled) {
      if (old?.layers[index] !== state.layers[index]) this.updateRow(state.layers[index], index);
    }
    this.bars.update(state, old);
    byId("background").value = toHex(state.background);
    byId("transparent").checked = state.transparent;
  }

  // Tell in a row whether the layer can be moved up and down.
  markEnds(index, order) {
    this.rows[index].querySelector(".up").disabled = order.at(-1) === index;
    this.rows[index].querySelector(".down").disabled = order[0] === index;
  }

  updateRow({ visible, opacity, color, fields }, index) {
    const row = this.rows[index];
    const name = this.nameOf(index);
    const part = (selector) => row.querySelector(selector);
    const { solo } = this.look;
    part(".text").textContent = name;
    part(".name").title = name;
    for (const [selector, label] of Object.entries(LABELS)) {
      part(selector).setAttribute("aria-label", `${label} ${name}`);
    }
    row.classList.toggle("is-hidden", solo === null ? !visible : !solo.layers.has(index));
    showEye(part(".visible"), visible);
    part(".solo").setAttribute("aria-pressed", solo?.of === `layer ${index}`);
    part(".opacity").value = Math.round(opacity * 100);
    part(".percent").textContent = `${Math.round(opacity * 100)} %`;
    if (color) part(".color").value = toHex(color);
    if (fields) this.showMean(part(".color"), [index]);
    this.drawThumbnail(index);
  }

  // A layer as it is drawn small in white over black (`mask`) and, where it has colours of its own, in these
  // (`colors`), and, in white over black, on the whole canvas (`whole`): ImageData; and its place (see thumbnails.js).
  setPicture(index, pictures) {
    this.pictures.set(index, pictures);
    this.drawThumbnail(index);
  }

  // How much of the picture each layer is in a state, as far as it shows; the same of all until they have been drawn.
  sharesOf({ order, layers }) {
    const shares = layers.map(() => LEAST_SHARE);
    if (!this.isPictured) return shares;
    let light = null; // that the layers above let through
    for (const index of [...order].reverse()) {
      const { visible, opacity } = layers[index];
      const data = this.pictures.get(index)?.whole.data;
      if (!visible || !data) continue;
      light ??= new Float32Array(data.length / 4).fill(1);
      for (let pixel = 0; pixel < light.length; pixel++) {
        const part = (light[pixel] * opacity * data[4 * pixel]) / 255;
        shares[index] += part;
        light[pixel] -= part;
      }
    }
    return shares;
  }

  // The layer's mask in its colour or its colours.
  drawThumbnail(index) {
    if (!this.pictures.has(index) || !this.filled.has(index)) return;
    const { mask: { width, height, data }, colors } = this.pictures.get(index);
    const color = this.store.state.layers[index].color?.map((value) => value * 255);
    const picture = new ImageData(width, height);
    let [covered, light] = [0, 0];
    for (let pixel = 0; pixel < data.length; pixel += 4) {
      const alpha = data[pixel];
      if (!alpha) continue;
      const [red, green, blue] = color ?? [0, 1, 2].map((channel) => (colors.data[pixel + channel] * 255) / alpha);
      picture.data.set([red, green, blue, alpha], pixel);
      covered += alpha;
      light += alpha * (0.3 * red + 0.59 * green + 0.11 * blue);
    }
    const canvas = Object.assign(this.rows[index].querySelector(".thumbnail"), { width, height });
    canvas.classList.toggle("is-light", light > 140 * covered); // and so on a dark ground
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }
}

function emptyRow(index) {
  const row = Object.assign(document.createElement("li"), { className: "layer", hidden: true });
  row.dataset.index = index;
  return row;
}

function showEye(button, isVisible) {
  button.setAttribute("aria-pressed", isVisible);
  button.title = isVisible ? "Hide" : "Show";
  button.querySelector("use").setAttribute("href", isVisible ? "#icon-eye" : "#icon-closed");
}
