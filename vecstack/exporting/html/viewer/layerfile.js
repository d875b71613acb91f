"use strict";

// Changes in the text of a layer file: what is not changed stays as it was written, to the last digit.

// The place of a JSON value in a text: { start, end }, with `fields` (a Map from names to places) of an object and
// `items` of a list.
function placesOf(text) {
  let at = 0;
  const space = () => {
    while (" \t\r\n".includes(text[at])) at++;
  };
  const token = /"(?:[^"\\]|\\.)*"|[^\s,:\]}]+/y;
  const scalar = () => {
    token.lastIndex = at;
    at += token.exec(text)[0].length;
  };
  const value = () => {
    space();
    const place = { start: at };
    if (text[at] === "{") {
      place.fields = new Map();
      members("}", () => {
        const start = at;
        scalar();
        const name = JSON.parse(text.slice(start, at));
        space();
        at++; // the colon
        place.fields.set(name, value());
      });
    } else if (text[at] === "[") {
      place.items = [];
      members("]", () => place.items.push(value()));
    } else {
      scalar();
    }
    place.end = at;
    return place;
  };
  const members = (end, read) => {
    at++;
    for (space(); text[at] !== end; space()) {
      if (text[at] === ",") at++;
      space();
      read();
    }
    at++;
  };
  return value();
}

// The text from `start` to `end` with parts replaced: changes [start, end, text].
function patched(text, { start, end }, changes) {
  let [result, at] = ["", start];
  for (const [from, to, fresh] of [...changes].sort((one, other) => one[0] - other[0])) {
    result += text.slice(at, from) + fresh;
    at = to;
  }
  return result + text.slice(at, end);
}

// A value as Python writes it: numbers, all of which are floats here, with a point.
function written(value) {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${written(inner)}`).join(", ")}}`;
  }
  return Number.isInteger(value) ? `${value}.0` : JSON.stringify(value);
}

// What puts fields of an object in the place of its own, or before them.
function fieldChanges(place, values) {
  return Object.entries(values).map(([name, value]) => {
    const old = place.fields.get(name);
    const fresh = written(value);
    if (old) return [old.start, old.end, fresh];
    return [place.start + 1, place.start + 1, `${JSON.stringify(name)}: ${fresh}${place.fields.size ? ", " : ""}`];
  });
}

// The text of a layer file with the edits that lead from one state of it to another (see store.js).
function editedText(text, before, after) {
  const root = placesOf(text);
  const places = root.fields.get("layers").items;
  const changes = places.map((slot, position) => {
    const index = after.order[position];
    const fields = fieldChanges(places[index], changedFields(before.layers[index], after.layers[index]));
    return [slot.start, slot.end, patched(text, places[index], fields)];
  });
  const groups = root.fields.get("groups")?.items ?? [];
  groups.forEach((place, index) => {
    changes.push(...fieldChanges(place, changedFields(before.groups[index], after.groups[index])));
  });
  const [old, now] = [before, after].map(({ background, transparent }) => ({ background, transparent }));
  changes.push(...fieldChanges(root.fields.get("canvas"), changedFields(old, now)));
  return patched(text, { start: 0, end: text.length }, changes);
}

function changedFields(before, after) {
  const [old, now] = [before, after].map(({ fields, ...others }) => ({ ...others, ...fields }));
  const changed = Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name]));
  return Object.fromEntries(changed);
}

function sameColor(one, other) {
  return one.every((value, channel) => value === other[channel]);
}

function toHex(color) {
  return `#${color.map((value) => Math.round(value * 255).toString(16).padStart(2, "0")).join("")}`;
}

function fromHex(text) {
  return [1, 3, 5].map((start) => parseInt(text.slice(start, start + 2), 16) / 255);
}
