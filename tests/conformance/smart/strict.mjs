// Panva's openid-client (a certified relying party, strict on the standards), step by step for the test.
// node strict.mjs ISSUER JSON
import * as client from "openid-client";

const [issuer, told] = process.argv.slice(2);
const { app, system } = JSON.parse(told);
const insecure = { execute: [client.allowInsecureRequests] };
const said = {};

// a person's app: the address to go to, then (on stdin) where the browser came back to
const config = await client.discovery(new URL(issuer), app.id, undefined, client.ClientSecretBasic(app.secret), insecure);
const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: app.back, scope: app.scope, state, nonce, aud: `${issuer}/fhir`, response_type: "code",
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
});
console.log(address.href);
const back = await new Promise((done) => process.stdin.once("data", (data) => done(String(data).trim())));
const tokens = await client.authorizationCodeGrant(config, new URL(back), {
  pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
});
said.fhirUser = tokens.claims().fhirUser;
said.active = (await client.tokenIntrospection(config, tokens.access_token)).active;
const second = await client.refreshTokenGrant(config, tokens.refresh_token);
await client.tokenRevocation(config, second.refresh_token);
said.revoked = (await client.tokenIntrospection(config, second.access_token)).active;

// a backend service: private_key_jwt by ES384
const key = await crypto.subtle.importKey("jwk", system.key, { name: "ECDSA", namedCurve: "P-384" }, false, ["sign"]);
const proof = client.PrivateKeyJwt({ key, kid: system.key.kid });
const backend = await client.discovery(new URL(issuer), system.id, undefined, proof, insecure);
const granted = await client.clientCredentialsGrant(backend, { scope: system.scope });
said.system = { token: granted.access_token, scope: granted.scope };
said.refused = await client.clientCredentialsGrant(backend, { scope: "user/*.rs" }).then(() => "", (e) => e.error);
console.log(JSON.stringify(said));
process.exit(0);
