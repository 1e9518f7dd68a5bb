// SPDX-License-Identifier: LicenseRef-agentrun-internal
// A model provider over TLS, HTTP/2 and HTTP/1.1: node h2.js CERT KEY DELAY_MS. Prints its
// port, then answers every request after the delay, its body packed with brotli where the
// client takes that; the text names the protocol. A GET tells what there was so far.
"use strict";
const fs = require("fs");
const http2 = require("http2");
const zlib = require("zlib");

const [cert, key, delay] = process.argv.slice(2);
const stats = { sessions: 0, requests: 0, most: 0 };
let now = 0;

function answer(request, response, body) {
  const text = JSON.stringify({
    model: "test-model-1",
    choices: [{ index: 0, finish_reason: "tool_calls", message: {
      role: "assistant", content: "by HTTP/" + request.httpVersion,
      tool_calls: [{ id: "c1", type: "function", function: {
        name: "execute_pipeline", arguments: '{"pipeline":[{"step":"count"}]}' } }] } }],
    usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
  });
  const packed = /\bbr\b/.test(request.headers["accept-encoding"] || "") &&
    !process.env.PLAIN;
  const data = packed ? zlib.brotliCompressSync(text) : Buffer.from(text);
  const headers = { "content-type": "application/json", "content-length": data.length };
  if (packed) headers["content-encoding"] = "br";
  response.writeHead(200, headers);
  response.end(data);
  now--;
}

const server = http2.createSecureServer({ cert: fs.readFileSync(cert),
  key: fs.readFileSync(key), allowHTTP1: true, maxSessionMemory: 1000 }, (request, response) => {
  if (request.method === "GET") {
    response.end(JSON.stringify(stats));
    return;
  }
  stats.requests++;
  stats.most = Math.max(stats.most, ++now);
  request.resume();
  request.on("end", () => setTimeout(answer, Number(delay), request, response));
});
server.on("secureConnection", () => stats.sessions++);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
