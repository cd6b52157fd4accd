// panva's oidc-provider with one app and its own login pages. What a test plants comes as JSON in PLANTED.

import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const planted = {
  issuer: '',
  alg: 'RS256',
  auth: ['client_secret_basic', 'client_secret_post'],
  pkce: true,
  routes: {}, // endpoint: another path
  claims: {}, // name: another name
  ...JSON.parse(process.env.PLANTED),
};
const { PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const issuer = planted.issuer || `http://127.0.0.1:${PORT}`;

const person = (sub) => ({
  sub,
  name: 'Petra Nordlund',
  given_name: 'Petra',
  family_name: 'Nordlund',
  preferred_username: 'petra',
  picture: 'https://people.example.com/petra.png',
  email: 'petra@example.com',
  email_verified: true,
});
const called = (name) => planted.claims[name] ?? name;
const renamed = (claims) => Object.fromEntries(Object.entries(claims).map(([name, value]) => [called(name), value]));

const keys = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const jwk = (alg) => ({ ...keys[alg]().privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `of-this-run-${alg}` });

const provider = new Provider(issuer, {
  clients: [{
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    redirect_uris: [REDIRECT_URI],
    application_type: 'native', // or it would refuse redirects on loopback
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: planted.auth[0],
    id_token_signed_response_alg: planted.alg,
  }],
  clientAuthMethods: planted.auth,
  enabledJWA: { idTokenSigningAlgValues: [planted.alg] },
  jwks: { keys: [jwk(planted.alg)] },
  cookies: { keys: ['of this run'] },
  pkce: { required: () => false },
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name', 'preferred_username', 'picture'].map(called),
    email: ['email', 'email_verified'].map(called),
  },
  routes: planted.routes,
  findAccount: (_, uid) => ({ accountId: uid, claims: () => renamed(person(uid)) }),
  issueRefreshToken: () => true,
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
});
provider.on('server_error', (_, error) => console.error(error));

// A server that knows nothing of RFC 7636 ignores its parameters, as RFC 6749 section 3.1 has it.
async function withoutPkce(ctx, next) {
  const plain = (text) => new URLSearchParams([...new URLSearchParams(text)].filter(([name]) => !name.startsWith('code_')));
  ctx.querystring = `${plain(ctx.querystring)}`;
  if (ctx.method === 'POST' && ctx.path === '/token') {
    const pieces = [];
    for await (const piece of ctx.req) pieces.push(piece);
    ctx.req.body = Object.fromEntries(plain(Buffer.concat(pieces).toString()));
  }
  await next();
  delete ctx.body?.code_challenge_methods_supported;
}
if (!planted.pkce) provider.use(withoutPkce);

provider.listen(Number(PORT), '127.0.0.1', () => console.log(`oidc-provider at ${issuer}`));
