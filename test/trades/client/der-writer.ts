// Writes DER, and certificates in it with whatever is right or wrong about them: node:crypto signs and cannot make any.

import { constants, type KeyObject, sign } from 'node:crypto';

/** One value: identifier octet, length, contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

export const sequence = (...values: readonly Uint8Array[]) => der(0x30, ...values);
export const integer = (value: number) => der(0x02, Buffer.from(value > 127 ? [0, value] : [value]));
const boolean = (value: boolean) => der(0x01, Buffer.from([value ? 0xff : 0]));

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const base128 = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) base128.unshift((left & 0x7f) | 0x80);
    return base128;
  });
  return der(0x06, Buffer.from(octets));
}

function name(text: string): Buffer {
  return sequence(der(0x31, sequence(objectId('2.5.4.3'), der(0x0c, Buffer.from(text)))));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

export interface ExtensionText {
  readonly id: string;
  readonly isCritical?: boolean;
  readonly value: Uint8Array;
}

function extension({ id, isCritical = false, value }: ExtensionText): Buffer {
  return sequence(objectId(id), ...(isCritical ? [boolean(true)] : []), der(0x04, value));
}

/** ECDSA with SHA-384, as Nitro's chain is signed. */
export const ECDSA = {
  algorithm: sequence(objectId('1.2.840.10045.4.3.3')),
  sign: (data: Uint8Array, key: KeyObject) => sign('sha384', data, { key, dsaEncoding: 'der' }),
};

/** ECDSA with SHA-256: a signature that holds, by an algorithm that is not allowed. */
export const ECDSA_SHA256 = {
  algorithm: sequence(objectId('1.2.840.10045.4.3.2')),
  sign: (data: Uint8Array, key: KeyObject) => sign('sha256', data, { key, dsaEncoding: 'der' }),
};

const SHA384 = sequence(objectId('2.16.840.1.101.3.4.2.2'), der(0x05));

/** RSA-PSS with SHA-384, spelled as AMD spells it. */
export const RSA_PSS = {
  algorithm: sequence(
    objectId('1.2.840.113549.1.1.10'),
    sequence(
      der(0xa0, SHA384),
      der(0xa1, sequence(objectId('1.2.840.113549.1.1.8'), SHA384)),
      der(0xa2, integer(48)),
      der(0xa3, integer(1)),
    ),
  ),
  sign: (data: Uint8Array, key: KeyObject) =>
    sign('sha384', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 }),
};

export interface CertificateText {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly scheme: typeof ECDSA;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly authority?: boolean | undefined;
  readonly pathLength?: number | undefined;
  /** First octet of the key usage; null leaves the extension out. */
  readonly keyUsage?: number | null;
  readonly extensions?: readonly ExtensionText[];
}

/** A certificate in DER, signed. */
export function certificate(text: CertificateText): Buffer {
  const { authority = false, pathLength, keyUsage = authority ? 0x06 : 0x80 } = text;
  const constraints = sequence(
    ...(authority ? [boolean(true)] : []),
    ...(pathLength === undefined ? [] : [integer(pathLength)]),
  );
  const usage = der(0x03, Buffer.from([keyUsage === 0x80 ? 7 : 1, keyUsage ?? 0]));
  const extensions: readonly ExtensionText[] = [
    { id: '2.5.29.19', isCritical: true, value: constraints },
    ...(keyUsage === null ? [] : [{ id: '2.5.29.15', isCritical: true, value: usage }]),
    ...(text.extensions ?? []),
  ];
  const body = sequence(
    der(0xa0, integer(2)),
    integer(1),
    text.scheme.algorithm,
    name(text.issuer),
    sequence(time(text.notBeforeMs), time(text.notAfterMs)),
    name(text.subject),
    text.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions.map(extension))),
  );
  const signature = text.scheme.sign(body, text.signingKey);
  return sequence(body, text.scheme.algorithm, der(0x03, Buffer.from([0]), signature));
}
