// app.ts - the server with short connections over TLS: certificate and key (PEM) are its arguments.
import "../accept/app.ts";
