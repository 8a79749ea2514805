// phoenix.js through the gateway: `node channel.js PORT HOST websocket|longpoll`.
// Joins a channel, has its payload echoed, receives a broadcast, sends a heartbeat, leaves.

import dns from "node:dns";
import { LongPoll, Socket } from "phoenix";
import WebSocket from "ws";

const [port, host, transport] = process.argv.slice(2);

// Every name is this machine: `*.localhost` for a client without a browser's knowledge of it.
dns.lookup = (name, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

const transports = { websocket: WebSocket, longpoll: LongPoll };
const socket = new Socket(`ws://${host}:${port}/socket`, {
  transport: transports[transport],
  timeout: 25_000,
  params: { user: "ada" },
});

socket.onError((error) => fail(`socket: ${error?.message ?? error}`));
socket.connect();

const channel = socket.channel("room:lobby", {});
const news = new Promise((resolve) => channel.on("news", resolve));

const joined = await answer(channel.join());
const echoes = [];
for (let number = 0; number < 5; number++) {
  const payload = { number, text: "ü".repeat(2000) };
  echoes.push((await answer(channel.push("echo", payload))).number);
}
await answer(channel.push("broadcast", { headline: "it works" }));
const { headline } = await news;
const ping = await new Promise((resolve) => {
  if (!socket.ping(() => resolve(true))) resolve(false);
});
await answer(channel.leave());

console.log(JSON.stringify({ joined: joined.joined, echoes, headline, ping }));
socket.disconnect(() => process.exit(0));

function answer(push) {
  return new Promise((resolve) => {
    push
      .receive("ok", resolve)
      .receive("error", (reason) => fail(`refused: ${JSON.stringify(reason)}`))
      .receive("timeout", () => fail("no answer in time"));
  });
}

function fail(why) {
  console.error(why);
  process.exit(1);
}
