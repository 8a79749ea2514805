// A page as a person sees it: `node page.js CHROMIUM PROFILE URL`.
// Opens it in Chromium without a window, and prints the text of each document that it loads from
// then on, a JSON string a line, until its standard input ends.

import { spawn } from "node:child_process";
import readline from "node:readline";
import WebSocket from "ws";

const [chromium, profile, url] = process.argv.slice(2);
const browser = spawn(chromium, [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--no-first-run",
  "--no-proxy-server",
  "--remote-debugging-port=0",
  `--user-data-dir=${profile}`,
  "about:blank",
]);
process.on("exit", () => browser.kill("SIGKILL"));
process.stdin.on("end", () => process.exit(0)).resume();

const endpoint = await new Promise((resolve) => {
  const lines = readline.createInterface({ input: browser.stderr });
  lines.on("line", (line) => {
    const found = line.match(/DevTools listening on ws:\/\/([^/]+)/);
    if (found) resolve(found[1]);
  });
});
const targets = await (await fetch(`http://${endpoint}/json`)).json();
const page = targets.find((target) => target.type === "page");
const devtools = new WebSocket(page.webSocketDebuggerUrl);
await new Promise((resolve) => devtools.on("open", resolve));

let asked = 0;
const answers = new Map();
devtools.on("message", async (data) => {
  const message = JSON.parse(data);
  answers.get(message.id)?.(message.result);
  if (message.method === "Page.loadEventFired") {
    const expression = "document.body ? document.body.innerText : ''";
    const answer = await ask("Runtime.evaluate", { expression });
    // The document may have gone by now.
    if (answer?.result?.type === "string") console.log(JSON.stringify(answer.result.value));
  }
});

function ask(method, params = {}) {
  const id = ++asked;
  devtools.send(JSON.stringify({ id, method, params }));
  return new Promise((resolve) => answers.set(id, resolve));
}

await ask("Page.enable");
await ask("Page.navigate", { url });
