// A login at GitHub as a library in another language would do it, so that mockidp can check it:
//   mockidp check github --client "command:node github.mjs"
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";

const { MOCKIDP_CLIENT_ID: id, MOCKIDP_CLIENT_SECRET: secret, MOCKIDP_REDIRECT_URI: back } = process.env;

function say(document) {
  console.log(typeof document === "string" ? document : JSON.stringify(document));
}

function fail(error) {
  say({ error });
  process.exit(1);
}

async function read(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { Accept: "application/json", ...options.headers } });
  const text = await answer.text();
  let body;
  try {
    // A number beyond 2^53 is another one in JavaScript: ids stay texts. `mockidp check` has a person with such an id.
    body = JSON.parse(text.replace(/("id":\s*)(\d{16,})/g, '$1"$2"'));
  } catch {
    fail("bad_response");
  }
  if (answer.status === 403 && answer.headers.has("retry-after")) fail("rate_limited");
  if (answer.status === 404) fail("insufficient_scope");
  if (answer.status === 401) fail("invalid_token");
  if (answer.status >= 500) fail("server_error");
  if (body.error) fail(WORDS[body.error] ?? body.error);
  return body;
}

const WORDS = {
  bad_verification_code: "invalid_grant",
  incorrect_client_credentials: "invalid_client",
  redirect_uri_mismatch: "redirect_uri_mismatch",
};

const state = randomBytes(16).toString("hex");
const asked = new URLSearchParams({ client_id: id, redirect_uri: back, scope: "user:email", state });
say(`https://github.com/login/oauth/authorize?${asked}`);

const lines = createInterface({ input: process.stdin });
const { value: line } = await lines[Symbol.asyncIterator]().next();
const told = new URL(line).searchParams;
if (told.get("state") !== state) fail("state_mismatch");
if (told.has("error")) fail(told.get("error"));

const body = new URLSearchParams({ client_id: id, client_secret: secret, code: told.get("code"), redirect_uri: back });
const token = await read("https://github.com/login/oauth/access_token", { method: "POST", body });
if (typeof token.access_token !== "string" || !token.access_token) fail("bad_response");

const headers = { Authorization: `Bearer ${token.access_token}` };
const user = await read("https://api.github.com/user", { headers });
const emails = await read("https://api.github.com/user/emails", { headers });
if (!user.id || !Array.isArray(emails)) fail("bad_response");
const first = emails.find((row) => row.primary);

say({
  uid: String(user.id),
  username: user.login,
  name: user.name,
  email: first?.email ?? null,
  email_verified: first?.verified === true,
});
lines.close();
