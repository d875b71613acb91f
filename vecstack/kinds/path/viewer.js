"use strict";

// Path layers in a page: the browser's own rasteriser draws them.

kinds.set("path", { path: ({ contours, gradient }) => ({ contours, gradient: gradient ?? null }) });
