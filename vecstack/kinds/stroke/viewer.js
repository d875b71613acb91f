"use strict";

// Brush strokes in a page: the browser's own rasteriser fills their outlines: sides that run along the spine, and round
// ends; where the spine bends more sharply than its discs are wide, the hulls of discs that follow one another.

const [SIDE_TURN, OFF, MOST_PIECES, ROOM, SLOPE] = [Math.PI / 5, 0.02, 64, 0.9, 0.9];

function pointOf(s, t) {
  const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
  return [a * s[0] + b * s[2] + c * s[4], a * s[1] + b * s[3] + c * s[5]];
}

function speedOf(s, t) {
  return [0, 1].map((axis) => 2 * (1 - t) * (s[2 + axis] - s[axis]) + 2 * t * (s[4 + axis] - s[2 + axis]));
}

function slowestOf(s) {
  const [[x0, y0], [x1, y1]] = [speedOf(s, 0), speedOf(s, 1)];
  const [dx, dy] = [x1 - x0, y1 - y0];
  const square = dx * dx + dy * dy;
  return square ? Math.min(Math.max(-(x0 * dx + y0 * dy) / square, 0), 1) : 0;
}

// The greatest curvature of a spine.
function sharpestTurn(s) {
  const [[x0, y0], [x1, y1]] = [speedOf(s, 0), speedOf(s, 1)];
  if (x0 === x1 && y0 === y1) return 0;
  const slowest = Math.hypot(...speedOf(s, slowestOf(s)));
  return slowest > 0 ? Math.abs(x0 * y1 - y0 * x1) / slowest ** 3 : Infinity;
}

function radiusOf(radii, t) {
  return radii[0] + t * (radii[1] - radii[0]);
}

// In how many pieces of equal steps a spine is off its chords by no more than a distance.
function piecesOf(s, off) {
  const bend = Math.hypot(s[0] - 2 * s[2] + s[4], s[1] - 2 * s[3] + s[5]);
  return off > 0 ? Math.min(Math.max(Math.ceil(Math.sqrt(bend / (4 * off))), 1), MOST_PIECES) : 1;
}

// Places along a spine between which it turns by no more than SIDE_TURN.
function placesOf(s) {
  const [[x0, y0], [x1, y1]] = [speedOf(s, 0), speedOf(s, 1)];
  const whole = Math.atan2(x0 * y1 - y0 * x1, x0 * x1 + y0 * y1);
  const count = Math.ceil(Math.abs(whole) / SIDE_TURN);
  const places = new Set([0, 1]);
  for (let part = 1; part < count; part++) {
    const angle = Math.atan2(y0, x0) + (whole * part) / count;
    const [before, after] = [[x0, y0], [x1, y1]].map(([x, y]) => x * Math.sin(angle) - y * Math.cos(angle));
    if (before !== after) places.add(Math.min(Math.max(before / (before - after), 0), 1));
  }
  return [...places].sort((one, other) => one - other);
}

// The angles of the directions from the spine to both sides.
function normalsOf(s, radii, t) {
  const [x, y] = speedOf(s, t);
  const lean = Math.acos(Math.min(Math.max((radii[0] - radii[1]) / Math.hypot(x, y), -1), 1));
  return [Math.atan2(y, x) + lean, Math.atan2(y, x) - lean];
}

function onSide(s, radii, t, side) {
  const [[x, y], radius, angle] = [pointOf(s, t), radiusOf(radii, t), normalsOf(s, radii, t)[side]];
  return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
}

function sideSpeed(s, radii, t, side) {
  const step = 1e-5;
  const [[x0, y0], [x1, y1]] = [-step, step].map((shift) => onSide(s, radii, t + shift, side));
  return [(x1 - x0) / (2 * step), (y1 - y0) / (2 * step)];
}

function sideOf(s, radii, places, side) {
  const points = [onSide(s, radii, places[0], side)];
  for (let index = 1; index < places.length; index++) {
    const [start, end] = [places[index - 1], places[index]];
    const step = (end - start) / 3;
    const [[x0, y0], [x1, y1]] = [start, end].map((t) => onSide(s, radii, t, side));
    const [[u0, v0], [u1, v1]] = [start, end].map((t) => sideSpeed(s, radii, t, side));
    points.push([x0 + step * u0, y0 + step * v0], [x1 - step * u1, y1 - step * v1], [x1, y1]);
  }
  return points;
}

// An arc with falling angle as cubic pieces.
function arcOf([x, y], radius, start, end) {
  const whole = 2 * Math.PI;
  const turn = (((start - end) % whole) + whole) % whole || whole;
  const count = Math.ceil(turn / (Math.PI / 2) - 1e-9);
  const reach = ((radius * 4) / 3) * Math.tan(turn / count / 4);
  const points = [];
  for (let part = 0; part <= count; part++) {
    const angle = start - (turn * part) / count;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [u, v] = [x + radius * cos, y + radius * sin];
    if (part) points.push([u - reach * sin, v + reach * cos]);
    points.push([u, v]);
    if (part < count) points.push([u + reach * sin, v - reach * cos]);
  }
  return points;
}

function lineTo([x0, y0], [x1, y1]) {
  return [1 / 3, 2 / 3, 1].map((share) => [x0 + share * (x1 - x0), y0 + share * (y1 - y0)]);
}

function hullOf([x0, y0, r0], [x1, y1, r1]) {
  const apart = Math.hypot(x1 - x0, y1 - y0);
  if (apart <= Math.abs(r1 - r0)) return r0 > r1 ? arcOf([x0, y0], r0, 0, 0) : arcOf([x1, y1], r1, 0, 0);
  const along = Math.atan2(y1 - y0, x1 - x0);
  const lean = Math.acos((r0 - r1) / apart);
  const end = arcOf([x1, y1], r1, along + lean, along - lean);
  const start = arcOf([x0, y0], r0, along - lean, along + lean);
  return [...start, ...lineTo(start.at(-1), end[0]), ...end.slice(1), ...lineTo(end.at(-1), start[0])];
}

function edgeOf(s, radii) {
  const places = placesOf(s);
  const [left, right] = [sideOf(s, radii, places, 0), sideOf(s, radii, places, 1).reverse()];
  const end = arcOf(pointOf(s, 1), radii[1], ...normalsOf(s, radii, 1));
  const start = arcOf(pointOf(s, 0), radii[0], ...normalsOf(s, radii, 0).reverse());
  return [...left, ...end.slice(1), ...right.slice(1), ...start.slice(1)];
}

function contoursOf(s, radii) {
  const slowest = Math.min(...[0, slowestOf(s), 1].map((t) => Math.hypot(...speedOf(s, t))));
  const isSmooth = slowest > 0 && Math.abs(radii[1] - radii[0]) <= SLOPE * slowest;
  if (isSmooth && sharpestTurn(s) * Math.max(...radii) <= ROOM) return [edgeOf(s, radii)];
  const pieces = piecesOf(s, OFF * Math.max(...radii));
  const places = Array.from({ length: pieces + 1 }, (_, piece) => piece / pieces);
  const discs = places.map((t) => [...pointOf(s, t), radiusOf(radii, t)]);
  return discs.slice(1).map((disc, index) => hullOf(discs[index], disc));
}

// The opacities along the way from the start to the end; their mean where these are one place.
function fadeOf([x0, y0, , , x1, y1], [first, last]) {
  if (x0 !== x1 || y0 !== y1) return { start: [x0, y0], end: [x1, y1], opacities: [first, last] };
  const mean = (first + last) / 2;
  return { start: [x0, y0], end: [x0 + 1, y0], opacities: [mean, mean] };
}

kinds.set("stroke", {
  path({ spine, radii, opacities }) {
    const contours = contoursOf(spine, radii).map((curve) => curve.slice(0, -1).flat()); // the last point is the first
    return { contours, gradient: null, fade: opacities ? fadeOf(spine, opacities) : null };
  },
});
