// helpers.js - the two conversions that the text's UDP example calls and does not show, as globals.
globalThis.str2ab = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer;
globalThis.ab2str = (buffer) => String.fromCharCode(...new Uint8Array(buffer));
