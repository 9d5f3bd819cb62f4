// flags: -A --standard-streams
// udp_socket_standard.test.ts - the same datagrams through the queues of the streams (udp_traffic.ts).
import { defineTraffic } from "./udp_traffic.ts";

defineTraffic();
