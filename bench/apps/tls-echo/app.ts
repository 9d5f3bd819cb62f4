// app.ts - the echo server over TLS: certificate and key (PEM) are its arguments.
import "../echo/app.ts";
