// Node's fetch and a WebSocket through the gateway: `node client.js PORT HOST`.

import dns from "node:dns";
import { once } from "node:events";
import WebSocket from "ws";

const [port, host] = process.argv.slice(2);

// Every name is this machine.
dns.lookup = (name, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

const url = `http://${host}:${port}/case`;
const ask = async (more) => {
  const answer = await fetch(url, more);
  return [answer.status, await answer.text()];
};
const stream = () =>
  new ReadableStream({
    start(controller) {
      for (const part of ["he", "llo"]) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });

const told = {
  get: await ask(),
  head: await ask({ method: "HEAD" }),
  length: await ask({ method: "POST", body: "hello" }),
  chunks: await ask({ method: "POST", body: stream(), duplex: "half" }),
  many: (await Promise.all(Array.from({ length: 20 }, () => ask()))).length,
};

const socket = new WebSocket(`ws://${host}:${port}/socket`);
await once(socket, "open");
const sizes = [];
for (const size of [0, 5, 70_000]) {
  socket.send(Buffer.alloc(size, 7));
  const [message] = await once(socket, "message");
  sizes.push(message.length);
}
socket.close(1000, "done");
const [code] = await once(socket, "close");
console.log(JSON.stringify({ ...told, sizes, code }));
