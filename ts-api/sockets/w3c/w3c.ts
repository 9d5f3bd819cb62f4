/*
 * w3c.ts - the entry of "cleat:sockets/w3c": the globals of the W3C TCP and UDP Socket API.
 */
export { Navigator, navigator } from "./navigator.ts";
export { TCPPermission } from "./tcp_permission.ts";
export { TCPServerPermission } from "./tcp_server_permission.ts";
export { TCPServerSocket } from "./tcp_server_socket.ts";
export { TCPSocket } from "./tcp_socket.ts";
export { UDPPermission } from "./udp_permission.ts";
export { UDPSocket } from "./udp_socket.ts";
