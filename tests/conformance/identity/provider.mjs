// panva's oidc-provider as a city's identity provider: `node provider.mjs <port> <redirect> <name of its key>`.
// Anybody signs in with the name that they type; the staff number is what stands before the "@".
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
function key(kid) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
}
function provider(kid) {
  return new Provider(`http://127.0.0.1:${port}`, {
    clients: [{ client_id: "doorstep", client_secret: "a-secret-of-the-test", redirect_uris: [redirect] }],
    claims: { openid: ["sub"], staff: ["staff_number"] },
    scopes: ["openid", "staff"],
    jwks: { keys: [key(kid)] },
    cookies: { keys: ["test"] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, staff_number: id.split("@")[0] }) }),
  }).callback();
}
let handler = provider("first");
// A city changes its keys: POST /rotate starts anew with another one.
createServer((request, response) => {
  if (request.url === "/rotate") {
    handler = provider("second");
    response.end();
  } else handler(request, response);
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
