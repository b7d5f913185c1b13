// `aggregator keygen`: makes the key that signs the summaries of jobs, in a file. It never shows the private key and
// never replaces a file.

import { command } from '../../cli/command.ts';
import { option } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import { fromCaller } from '../../config/environment.ts';
import { makeKeyFile } from '../../io/key-file.ts';
import { DEFAULT_KEY_FILE, readSome } from '../config/settings.ts';

/** The command `keygen`. */
export const keygenCommand = command({
  about:
    'Makes an Ed25519 key that signs the summaries of jobs, in a new file that only this user may read (PKCS#8 PEM, mode 0600), and prints its public half. An existing file is never replaced. `aggregator trades --set-up` makes a key itself if there is none.',
  options: {
    out: option('FILE', `the new file; default AGGREGATOR_PRIVATE_KEY, else ./${DEFAULT_KEY_FILE}`),
  },
  exit: '0 made; 1 not made; 2 usage.',
  run({ values }, env) {
    const path =
      values.out === undefined
        ? (readSome(env, ['AGGREGATOR_PRIVATE_KEY']).AGGREGATOR_PRIVATE_KEY ?? DEFAULT_KEY_FILE)
        : fromCaller(env, values.out);
    // Output that is lost loses nothing: the service lists the public key.
    const { publicKey } = makeKeyFile(path);
    print(`key file    ${path}
kid         ${publicKey.kid}
public key  ${JSON.stringify(publicKey)}
`);
    return 0;
  },
});
