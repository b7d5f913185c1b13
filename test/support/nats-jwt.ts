// A broker's operator, account and users as JSON web tokens signed with nkeys, and credentials files for the users: what
// the tool `nsc` makes.

import { nkeys } from 'nats';

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface User {
  readonly id: string;
  /** The text of a `.creds` file. */
  readonly credentials: string;
}

export interface Operator {
  createUser(name: string): User;
  /** Configuration of a server with one account, in which these users are no longer let in. */
  configuration(revoked?: readonly User[]): string;
}

const NO_LIMIT = -1;
const USER_LIMITS = { subs: NO_LIMIT, data: NO_LIMIT, payload: NO_LIMIT };
const SYSTEM_LIMITS = {
  ...USER_LIMITS,
  conn: NO_LIMIT,
  leaf: NO_LIMIT,
  imports: NO_LIMIT,
  exports: NO_LIMIT,
  wildcards: true,
};
const ACCOUNT_LIMITS = {
  ...SYSTEM_LIMITS,
  mem_storage: NO_LIMIT,
  disk_storage: NO_LIMIT,
  streams: NO_LIMIT,
  consumer: NO_LIMIT,
};

export function createOperator(): Operator {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  /** JetStream does not start without one. */
  const system = nkeys.createAccount();
  return {
    createUser(name) {
      const user = nkeys.createUser();
      const token = sign(account, user, name, { type: 'user', ...USER_LIMITS });
      const seed = Buffer.from(user.getSeed()).toString();
      const credentials = [
        '-----BEGIN NATS USER JWT-----',
        token,
        '------END NATS USER JWT------',
        '',
        '-----BEGIN USER NKEY SEED-----',
        seed,
        '------END USER NKEY SEED------',
        '',
      ].join('\n');
      return { id: user.getPublicKey(), credentials };
    },
    configuration(revoked = []) {
      const revocations = Object.fromEntries(revoked.map(({ id }) => [id, nowSeconds()]));
      const claims = { type: 'account', limits: ACCOUNT_LIMITS, revocations };
      const [id, systemId] = [account.getPublicKey(), system.getPublicKey()];
      return `operator: ${sign(operator, operator, 'operator', { type: 'operator' })}
system_account: ${systemId}
resolver: MEMORY
resolver_preload: {
  ${id}: ${sign(operator, account, 'account', claims)}
  ${systemId}: ${sign(operator, system, 'system', { type: 'account', limits: SYSTEM_LIMITS })}
}
`;
    },
  };
}

function sign(issuer: KeyPair, subject: KeyPair, name: string, claims: object): string {
  const payload = {
    jti: name,
    iat: nowSeconds(),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    nats: { ...claims, version: 2 },
  };
  const body = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(payload)}`;
  return `${body}.${Buffer.from(issuer.sign(Buffer.from(body))).toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
