/*
 * index.d.ts - the types that apps are checked with: everything global in Cleat. Needs `"lib": ["es2023"]` and neither
 * the DOM library nor Node's types.
 */
/// <reference path="./web.d.ts" />
/// <reference path="./sockets.d.ts" />
/// <reference path="./tls.d.ts" />
