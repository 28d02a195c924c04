// An app of other people's making: SMART's own client for JavaScript (fhirclient), as a small server.
// node app.cjs PORT CLIENT_ID SECRET SCOPE
const http = require("http");
const smart = require("fhirclient");

const [port, clientId, clientSecret, scope] = process.argv.slice(2);
const kept = {}; // what the library keeps between the requests of the one person who uses it here
const storage = {
  get: async (key) => kept[key],
  set: async (key, value) => (kept[key] = value),
  unset: async (key) => delete kept[key],
};

async function answer(request, response) {
  request.query = Object.fromEntries(new URL(request.url, `http://127.0.0.1:${port}`).searchParams);
  response.redirect = (to) => response.writeHead(302, { location: to }).end();
  const app = smart(request, response, storage);
  if (request.url.startsWith("/launch")) {
    const said = { clientId, scope, redirectUri: `http://127.0.0.1:${port}/back`, iss: request.query.iss };
    await app.authorize(clientSecret ? { ...said, clientSecret } : said);
    return;
  }
  const client = await app.ready();
  const patient = await client.patient.read();
  const found = await client.request("Observation?_count=50", { flat: true });
  const token = client.state.tokenResponse;
  if (token.refresh_token) await client.refresh();
  const again = await client.request("Observation?_count=50", { flat: true });
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({
    patient: patient.id, contextPatient: client.patient.id, user: client.user.fhirUser, scope: token.scope,
    observations: found.map((each) => each.id), again: again.map((each) => each.id),
    refreshed: client.state.tokenResponse.access_token !== token.access_token,
  }));
}

http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (!response.headersSent) response.writeHead(500);
    response.end(String(error && error.stack));
  });
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
