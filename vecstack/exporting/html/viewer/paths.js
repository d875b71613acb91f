"use strict";

// Layers that are paths: the browser's own rasteriser draws them, at the pixels that are asked for. A path is what a
// kind's `path` gives (see kinds.js).

const FAR_PX = 1 << 13; // longest piece that is left to a browser, whose numbers of 32 bits place it to 1/1000 pixel

// The map from a layer's local frame to the pixels of a rectangle of a grid.
function frameToPixels([a, b, c, d, e, f], { scaleX, scaleY }, { left, top }) {
  return [a * scaleX, b * scaleX, c * scaleX - left, d * scaleY, e * scaleY, f * scaleY - top];
}

// The rectangle that holds a path: [left, top, right, bottom] in canvas units.
function pathBounds({ contours }, [a, b, c, d, e, f]) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const contour of contours) {
    for (let at = 0; at < contour.length; at += 2) {
      const x = a * contour[at] + b * contour[at + 1] + c;
      const y = d * contour[at] + e * contour[at + 1] + f;
      bounds[0] = Math.min(bounds[0], x);
      bounds[1] = Math.min(bounds[1], y);
      bounds[2] = Math.max(bounds[2], x);
      bounds[3] = Math.max(bounds[3], y);
    }
  }
  return bounds;
}

function cssColor(color, opacity = 1) {
  return `rgb(${color.map((value) => `${100 * value}%`).join(" ")} / ${opacity})`;
}

// Fill a path on a 2D canvas, of which the pixels { width, height } from the corner on are wanted: in a colour, which may
// fade along it, or in its own gradient, parts or picture where that is null.
function fillPath(paper, path, toPixels, size, color) {
  if (path.image) {
    fillImage(paper, path.image, toPixels, size, color);
    return;
  }
  if (path.parts) {
    fillParts(paper, path.parts, toPixels, size, color);
    return;
  }
  const { width, height } = size;
  paper.beginPath();
  for (const contour of path.contours) traceContour(paper, contour, toPixels, width, height);
  if (path.fade) {
    fillFade(paper, path.fade, toPixels, color ?? [0, 0, 0]);
  } else if (color || !path.gradient) {
    paper.fillStyle = cssColor(color ?? [0, 0, 0]);
    paper.fill();
  } else {
    fillGradient(paper, path.gradient, toPixels);
  }
}

let whole = null; // a canvas on which what is drawn as one is put together

// Draw on a canvas of its own, and that on another as one.
function drawWhole(paper, { width, height }, draw) {
  whole ??= new OffscreenCanvas(width, height);
  if (whole.width < width) whole.width = width;
  if (whole.height < height) whole.height = height;
  const sheet = whole.getContext("2d", { willReadFrequently: true });
  sheet.clearRect(0, 0, width, height);
  draw(sheet);
  paper.drawImage(whole, 0, 0, width, height, 0, 0, width, height);
}

// Fill the parts of a path, which show nothing of one another where all are translucent together.
function fillParts(paper, parts, toPixels, size, color) {
  if (paper.globalAlpha < 1 && parts.length > 1) {
    drawWhole(paper, size, (sheet) => fillParts(sheet, parts, toPixels, size, color));
    return;
  }
  const alpha = paper.globalAlpha;
  for (const part of parts) {
    paper.globalAlpha = alpha * part.opacity;
    fillPath(paper, part, toPixels, size, color ?? part.color);
  }
  paper.globalAlpha = alpha;
}

// Draw a picture whose longer side is from -1 to 1; all in one colour where there is one.
function fillImage(paper, image, toPixels, size, color) {
  if (color) {
    drawWhole(paper, size, (sheet) => {
      fillImage(sheet, image, toPixels, size, null);
      sheet.globalCompositeOperation = "source-in";
      sheet.fillStyle = cssColor(color);
      sheet.fillRect(0, 0, size.width, size.height);
      sheet.globalCompositeOperation = "source-over";
    });
    return;
  }
  const [a, b, c, d, e, f] = toPixels;
  const [x, y] = [image.width, image.height].map((side) => side / Math.max(image.width, image.height));
  paper.save();
  paper.setTransform(a, d, b, e, c, f);
  paper.imageSmoothingQuality = "high";
  paper.drawImage(image, -x, -y, 2 * x, 2 * y);
  paper.restore();
}

function traceContour(paper, contour, [a, b, c, d, e, f], width, height) {
  const count = contour.length / 2;
  const points = new Float64Array(2 * count + 2);
  for (let point = 0; point <= count; point++) {
    const [u, v] = [contour[(2 * point) % contour.length], contour[(2 * point + 1) % contour.length]];
    points[2 * point] = a * u + b * v + c;
    points[2 * point + 1] = d * u + e * v + f;
  }
  paper.moveTo(bounded(points[0], width), bounded(points[1], height));
  for (let at = 0; at < 2 * count; at += 6) tracePiece(paper, points.subarray(at, at + 8), width, height);
  paper.closePath();
}

// A cubic piece. One beside the pixels is a line: only where it begins and ends matters there. A long one is cut in two.
function tracePiece(paper, piece, width, height) {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = piece;
  const [left, right] = [Math.min(x0, x1, x2, x3), Math.max(x0, x1, x2, x3)];
  const [top, bottom] = [Math.min(y0, y1, y2, y3), Math.max(y0, y1, y2, y3)];
  if (right < 0 || left > width || bottom < 0 || top > height) {
    paper.lineTo(bounded(x3, width), bounded(y3, height));
  } else if (right - left <= FAR_PX && bottom - top <= FAR_PX) {
    paper.bezierCurveTo(x1, y1, x2, y2, x3, y3);
  } else {
    for (const half of halvesOf(piece)) tracePiece(paper, half, width, height);
  }
}

// A coordinate, not further from the pixels than a piece that touches them can reach.
function bounded(value, length) {
  return Math.min(Math.max(value, -2 * FAR_PX), length + 2 * FAR_PX);
}

function halvesOf(piece) {
  const [first, second] = [new Float64Array(8), new Float64Array(8)];
  for (const axis of [0, 1]) {
    const [p, q, r, s] = [0, 2, 4, 6].map((at) => piece[at + axis]);
    const [pq, qr, rs] = [(p + q) / 2, (q + r) / 2, (r + s) / 2];
    const [pqr, qrs] = [(pq + qr) / 2, (qr + rs) / 2];
    const middle = (pqr + qrs) / 2;
    [p, pq, pqr, middle].forEach((value, at) => (first[2 * at + axis] = value));
    [middle, qrs, rs, s].forEach((value, at) => (second[2 * at + axis] = value));
  }
  return [first, second];
}

// Fill what has been traced with a colour whose opacity changes evenly between two places of the local frame.
function fillFade(paper, { start, end, opacities }, [a, b, c, d, e, f], color) {
  const [from, to] = [start, end].map(([u, v]) => [a * u + b * v + c, d * u + e * v + f]);
  const fill = paper.createLinearGradient(...from, ...to);
  opacities.forEach((opacity, offset) => fill.addColorStop(offset, cssColor(color, opacity)));
  paper.fillStyle = fill;
  paper.fill();
}

// Fill what has been traced with a gradient of the local frame.
function fillGradient(paper, { shape, start, end, stops, focus }, toPixels) {
  const [a, b, c, d, e, f] = toPixels;
  const toPixel = ([u, v]) => [a * u + b * v + c, d * u + e * v + f];
  const [x, y] = toPixel(start);
  const axis = [end[0] - start[0], end[1] - start[1]];
  const length = Math.hypot(...axis);
  const scale = Math.hypot(a, d);
  const isSquare = Math.abs(a * b + d * e) + Math.abs(Math.hypot(b, e) - scale) * scale < 0.01 * scale * scale;
  paper.save();
  let fill = null;
  if (shape === "linear") {
    // The offset grows evenly in pixels, too, along a direction of its own.
    const [ia, ib, , id, ie] = inverseOf(toPixels);
    const grow = [ia * axis[0] + id * axis[1], ib * axis[0] + ie * axis[1]].map((value) => value / length ** 2);
    const square = grow[0] ** 2 + grow[1] ** 2;
    fill = paper.createLinearGradient(x, y, x + grow[0] / square, y + grow[1] / square);
  } else if (isSquare) {
    fill = paper.createRadialGradient(...toPixel(focus ?? start), 0, x, y, scale * length);
  } else {
    paper.setTransform(a, d, b, e, c, f); // what was traced stays where it is
    fill = paper.createRadialGradient(...(focus ?? start), 0, ...start, length);
  }
  for (const [offset, ...color] of stops) fill.addColorStop(offset, cssColor(color));
  paper.fillStyle = fill;
  paper.fill();
  paper.restore();
}

// The mask of a path on the pixels of a rectangle of a grid, as a Plane holds it (see patches.js); with `hasColors` also
// the colours of its gradient.
class PathPlane {
  static sheet = null; // on which all are drawn, one after another

  constructor(path, toPixels, rect, hasColors) {
    Object.assign(this, { path, toPixels, rect, isFinished: true });
    this.values = new Uint16Array(rect.width * rect.height);
    this.colors = hasColors ? new Uint16Array(3 * rect.width * rect.height) : null;
    this.least = MASK_ONE;
    this.most = 0;
  }

  draft() {
    const { values, colors } = this;
    const data = this.pixels();
    const unit = MASK_ONE / 255;
    for (let pixel = 0; pixel < values.length; pixel++) {
      const value = data[4 * pixel + 3] * unit;
      values[pixel] = value;
      this.least = Math.min(this.least, value);
      this.most = Math.max(this.most, value);
      if (!colors) continue;
      for (let channel = 0; channel < 3; channel++) colors[3 * pixel + channel] = data[4 * pixel + channel] * unit;
    }
  }

  // Red, green, blue and alpha of the path drawn alone.
  pixels() {
    const { width, height } = this.rect;
    PathPlane.sheet ??= new OffscreenCanvas(width, height);
    if (PathPlane.sheet.width < width) PathPlane.sheet.width = width;
    if (PathPlane.sheet.height < height) PathPlane.sheet.height = height;
    const paper = PathPlane.sheet.getContext("2d", { willReadFrequently: true });
    paper.clearRect(0, 0, width, height);
    fillPath(paper, this.path, this.toPixels, this.rect, null);
    return paper.getImageData(0, 0, width, height).data;
  }

  *refine() {}
}

// What engines keep of a layer that is a path.
function pathLayer({ layer, hasColors }, canvas) {
  const transform = transformOf(layer, canvas);
  const path = kinds.get(layer.kind).path(layer);
  return { path, transform, hasColors, bounds: pathBounds(path, transform) };
}
