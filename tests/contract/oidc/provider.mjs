// A provider of OpenID Connect with keys of its own, new at each start: node provider.mjs PORT REDIRECT_URI
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, redirect] = process.argv.slice(2);
const PEOPLE = {
  ann: { email: 'Ann@Example.com', email_verified: true, groups: ['authors', 'staff'] },
  bob: { email: 'bob@example.com', email_verified: true, groups: ['leads'] },
  rita: { email: 'rita@example.com', email_verified: true, groups: ['admins', 'leads'] },
  eve: { email: 'ann@example.com', email_verified: false, groups: ['leads'] },
  tom: { email: 'tom@example.com', email_verified: true, groups: ['staff'] },
};

function key(kind, options, algorithm) {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: algorithm, use: 'sig' };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'holdfast',
      client_secret: 'a-secret-of-the-tests',
      redirect_uris: [redirect],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups'],
  conformIdTokenClaims: false,
  cookies: { keys: [randomUUID()] },
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
