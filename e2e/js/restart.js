// phoenix.js over restarts of its app: `node restart.js PORT HOST...`.
// Joins a channel on each host and stays, as a page does, with the fallback to long-poll that
// Phoenix's generators set. Prints a JSON object a line: joins, closes, echoes. A line on its
// standard input names a host whose channel is to echo; its end ends the process.

import dns from "node:dns";
import readline from "node:readline";
import { Socket } from "phoenix";
import WebSocket from "ws";

const [port, ...hosts] = process.argv.slice(2);

// Every name is this machine: `*.localhost` for a client without a browser's knowledge of it.
dns.lookup = (name, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

const channels = new Map(hosts.map((host) => [host, stay(host)]));

function stay(host) {
  const kept = new Map();
  const socket = new Socket(`ws://${host}:${port}/socket`, {
    transport: WebSocket,
    longPollFallbackMs: 2500,
    sessionStorage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
    },
  });
  socket.onClose((event) => say({ host, event: "closed", code: event?.code }));
  socket.connect();
  const channel = socket.channel("room:lobby", {});
  channel
    .join()
    .receive("ok", () => say({ host, event: "joined", transport: transport(socket) }))
    .receive("error", (reason) => say({ host, event: "refused", reason }));
  return channel;
}

function transport(socket) {
  return socket.transport === WebSocket ? "websocket" : "longpoll";
}

function say(what) {
  console.log(JSON.stringify({ at: Date.now(), ...what }));
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (host) => {
  channels
    .get(host)
    .push("echo", { host })
    .receive("ok", () => say({ host, event: "echo" }));
});
lines.on("close", () => process.exit(0));
