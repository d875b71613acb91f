"use strict";

// Path layers in a page: the browser's own rasteriser draws them.

function recolored({ gradient }, change) {
  const stops = gradient.stops.map(([offset, ...color]) => [offset, ...change(color)]);
  return { gradient: { ...gradient, stops } };
}

kinds.set("path", { path: ({ contours, gradient }) => ({ contours, gradient: gradient ?? null }), recolored });
