// What an operator can do about an answer that only the operator can mend. It has no text of strangers, so it may stand
// in the log.

const LOGIN = 'it does not accept the login: correct rpc_auth or auth_token of this upstream';

const ADVICE: ReadonlyMap<number, string> = new Map([
  [401, LOGIN],
  [-32004, LOGIN],
  [-32005, LOGIN],
  [403, 'it forbids access: correct the login, or let this machine in there (rpcallowip of a node)'],
  [-32601, 'it does not know the method: give the address of a PoCX pool or wallet'],
  [-13, 'the wallet is locked: unlock it'],
]);

/**
 * A clause that says what to do, for a status of HTTP or a code of JSON-RPC. `credentialsFault` says why there is no
 * login to send; null if there is one, or none is needed. Null if nothing is known.
 */
export function adviceFor(code: number, credentialsFault: string | null): string | null {
  const advice = ADVICE.get(code) ?? null;
  return advice === LOGIN && credentialsFault !== null ? credentialsFault : advice;
}
