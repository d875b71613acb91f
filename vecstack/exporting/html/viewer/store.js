"use strict";

// What can be changed: { background, transparent, order, layers, groups }, where `order` lists indices of the
// document's layers, lowest first; layers[index] is { name, visible, opacity, color }, with `fields` instead of `color`
// where the layer has colours of its own: the fields of the document that hold them, none where they cannot be changed;
// and groups[index] is { name }. A state is never changed; each change makes a new one. `traits` are those of the
// layers (see main.js).

function stateOf({ canvas, layers, groups = [] }, traits) {
  return {
    background: canvas.background ?? [0, 0, 0],
    transparent: canvas.transparent ?? false,
    order: layers.map((_, index) => index),
    layers: layers.map((layer, index) => {
      const state = { name: layer.name ?? "", visible: layer.visible ?? true, opacity: layer.opacity ?? 1 };
      if (traits[index]?.color) return { ...state, color: traits[index].color };
      const recolored = traits[index] && kinds.get(layer.kind)?.recolored;
      return recolored ? { ...state, fields: recolored(layer, (color) => color) } : state;
    }),
    groups: groups.map(({ name = "" }) => ({ name })),
  };
}

function withLayer(state, index, fields) {
  return withLayers(state, new Map([[index, fields]]));
}

// Several layers changed: a Map from their indices to fields.
function withLayers(state, changes) {
  const layers = state.layers.map((layer, index) => (changes.has(index) ? { ...layer, ...changes.get(index) } : layer));
  return { ...state, layers };
}

function withGroup(state, index, fields) {
  return { ...state, groups: state.groups.map((group, other) => (other === index ? { ...group, ...fields } : group)) };
}

// A layer at another place of the order, 0 the lowest.
function withPlace(state, index, place) {
  const order = state.order.filter((other) => other !== index);
  order.splice(place, 0, index);
  return { ...state, order };
}

class Store {
  constructor(state) {
    this.past = [];
    this.future = [];
    this.first = state;
    this.settled = state; // what an undo comes back to
    this.state = state;
    this.listeners = [];
  }

  // Show a state while a control is being moved.
  preview(state) {
    this.state = state;
    this.tell("");
  }

  // Keep a state, as one step; `message` says to a listener what was done.
  commit(state, message) {
    if (JSON.stringify(state) === JSON.stringify(this.settled)) {
      this.preview(this.settled);
      return;
    }
    this.past.push({ state: this.settled, message });
    this.future = [];
    this.settled = state;
    this.state = state;
    this.tell(message);
  }

  undo() {
    this.travel(this.past, this.future, "Undone");
  }

  redo() {
    this.travel(this.future, this.past, "Redone");
  }

  travel(from, to, word) {
    const step = from.pop();
    if (!step) return;
    to.push({ state: this.settled, message: step.message });
    this.settled = step.state;
    this.state = step.state;
    this.tell(`${word}: ${step.message}`);
  }

  get isChanged() {
    return JSON.stringify(this.settled) !== JSON.stringify(this.first);
  }

  tell(message) {
    for (const listener of this.listeners) listener(this.state, message);
  }
}
