// Reads a key file and prints its key id and warnings, or the code and message of the error: for a test that runs it as
// another user.

import { readKeyFile } from '../../src/io/key-file.ts';
import { CodedError } from '../../src/lib/errors.ts';

try {
  const key = readKeyFile(process.argv[2] ?? '');
  console.log(JSON.stringify({ kid: key?.publicKey.kid, warnings: key?.warnings }));
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
