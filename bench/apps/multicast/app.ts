// app.ts - receives a group on lo: prints its port, counts datagrams and tells their number to whoever asks with "!".
const socket = new UDPSocket({ localPort: 0, interface: "lo" });
const { readable, writable, localPort } = await socket.opened;
socket.joinMulticast("239.255.42.99");
console.log(localPort);

const writer = writable.getWriter();
const asks = "!".charCodeAt(0);
let count = 0;
for await (const { data, remoteAddress, remotePort } of readable) {
    count++;
    if (new Uint8Array(data)[0] === asks) {
        await writer.write({ data: String(count), remoteAddress, remotePort });
    }
}
