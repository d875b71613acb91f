// Puts what the page holds as gzip in base64 in its place, as text of the type that it has, and so starts its scripts, in order.
"use strict";
(async () => {
  for (const packed of document.querySelectorAll("script[type='application/gzip']")) {
    const bytes = Uint8Array.from(atob(packed.textContent), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.id = packed.id;
    script.type = packed.dataset.type;
    script.textContent = await new Response(stream).text();
    packed.replaceWith(script);
  }
})();
