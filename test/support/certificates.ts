// A certificate authority of the test's own and what it signs, made with the openssl command: PEM files in a folder.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPENSSL = process.env['OPENSSL_BIN'] ?? 'openssl';
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
/** A separate configuration, because the machine's may be missing, and its defaults differ. */
const CONFIGURATION = `[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
`;

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority {
  readonly caFile: string;
  /** Signs one for a server of these addresses, such as `IP:127.0.0.1` or `DNS:localhost`, or for a client. */
  sign(name: string, use: { readonly server: string } | 'client'): Certificate;
}

/** Makes an authority whose files begin with its name. */
export function makeAuthority(folder: string, authority: string): Authority {
  const file = (name: string) => join(folder, `${authority}-${name}`);
  const configuration = ['-config', file('openssl.cnf')];
  const [caFile, caKeyFile] = [file('ca.pem'), file('ca-key.pem')];
  writeFileSync(file('openssl.cnf'), CONFIGURATION);
  openssl(
    'req',
    '-x509',
    ...KEY,
    ...subject(authority),
    '-days',
    '2',
    ...configuration,
    ...out(caFile, caKeyFile),
  );
  return {
    caFile,
    sign(name, use) {
      const [certFile, keyFile, requestFile] = [
        file(`${name}.pem`),
        file(`${name}-key.pem`),
        file(`${name}.csr`),
      ];
      const extensions =
        use === 'client'
          ? 'extendedKeyUsage = clientAuth\n'
          : `extendedKeyUsage = serverAuth\nsubjectAltName = ${use.server}\n`;
      writeFileSync(file(`${name}.cnf`), extensions);
      openssl('req', '-new', ...KEY, ...subject(name), ...configuration, ...out(requestFile, keyFile));
      const signer = ['-CA', caFile, '-CAkey', caKeyFile, '-CAcreateserial', '-days', '2'];
      const request = ['-in', requestFile, '-extfile', file(`${name}.cnf`)];
      openssl('x509', '-req', ...request, ...signer, '-out', certFile);
      return { certFile, keyFile };
    },
  };
}

function subject(name: string): string[] {
  return ['-subj', `/CN=${name}`];
}

function out(file: string, keyFile: string): string[] {
  return ['-keyout', keyFile, '-out', file];
}

function openssl(...args: readonly string[]): void {
  execFileSync(OPENSSL, args, { stdio: 'pipe' });
}
