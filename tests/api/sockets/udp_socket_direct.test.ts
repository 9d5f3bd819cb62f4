// flags: -A
// udp_socket_direct.test.ts - datagrams between app and kernel without a queue of the stream (udp_traffic.ts).
import { defineTraffic } from "./udp_traffic.ts";

defineTraffic();
