// The certificates beside a report of SEV-SNP: the table in which the host hands them over (GHCB specification 56421),
// and what the certificate of a chip says about it (KDS specification 57230).

import type { Certificate } from './certificate.ts';
import { readDer, smallIntegerOf, TAG } from './der.ts';
import { RefusedError, requireThat } from './refusal.ts';

/** The certificates of a table that are used, in DER; null for one that the host did not hand over. */
export interface SnpCertificates {
  /** Of the key that signs reports: of the chip (VCEK) or loaded for a cloud (VLEK). */
  readonly vcek: Uint8Array | null;
  readonly vlek: Uint8Array | null;
  /** Of the intermediate key: ASK, or ASVK for a VLEK. */
  readonly intermediate: Uint8Array | null;
  readonly root: Uint8Array | null;
}

/** Products whose layout is known. */
export type SnpProduct = 'milan' | 'genoa' | 'turin';

/** Security patch levels, each 0 to 255. */
export interface SnpTcb {
  /** Only Turin has it. */
  readonly fmc: number | null;
  readonly bootloader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}

/** Entries of a table, the one that ends it included. */
const TABLE_ENTRIES_MAX = 16;

const ENTRY_BYTES = 24;
const GUID = {
  vcek: '63da758de6644564adc5f4b93be8accd',
  vlek: 'a8074bc2a25a483eaae639c045a0b8a1',
  intermediate: '4ab7b379bbac4fe4a02f05aef327c782',
  root: 'c0b406a4a803495297433fb6014cd0ae',
} as const;
const END = '0'.repeat(32);

/** Reads the table: the entries of GUID, offset and length, then what they point to. Throws {@link RefusedError}. */
export function readCertificateTable(table: Uint8Array): SnpCertificates {
  const view = Buffer.from(table);
  const found = new Map<string, Uint8Array>();
  // A host that has no certificates gives no table.
  for (let entry = 0; view.length > 0; entry += 1) {
    const at = entry * ENTRY_BYTES;
    requireForm(entry < TABLE_ENTRIES_MAX && at + ENTRY_BYTES <= view.length);
    const guid = view.toString('hex', at, at + 16);
    if (guid === END) break;
    const [offset, length] = [view.readUInt32LE(at + 16), view.readUInt32LE(at + 20)];
    requireForm(!found.has(guid) && length > 0 && offset + length <= view.length);
    found.set(guid, view.subarray(offset, offset + length));
  }
  return {
    vcek: found.get(GUID.vcek) ?? null,
    vlek: found.get(GUID.vlek) ?? null,
    intermediate: found.get(GUID.intermediate) ?? null,
    root: found.get(GUID.root) ?? null,
  };
}

const OID = {
  bootloader: '1.3.6.1.4.1.3704.1.3.1',
  tee: '1.3.6.1.4.1.3704.1.3.2',
  snp: '1.3.6.1.4.1.3704.1.3.3',
  microcode: '1.3.6.1.4.1.3704.1.3.8',
  fmc: '1.3.6.1.4.1.3704.1.3.9',
  hardwareId: '1.3.6.1.4.1.3704.1.4',
  cloudId: '1.3.6.1.4.1.3704.1.5',
} as const;

/** The patch levels for which the key was derived. Throws {@link RefusedError} if the certificate lacks one. */
export function certifiedTcb({ extensions }: Certificate, product: SnpProduct): SnpTcb {
  const level = (id: string) => readLevel(extensions.get(id));
  return {
    fmc: product === 'turin' ? level(OID.fmc) : null,
    bootloader: level(OID.bootloader),
    tee: level(OID.tee),
    snp: level(OID.snp),
    microcode: level(OID.microcode),
  };
}

/** The chip whose key it is: 64 bytes, 8 on Turin; null in the certificate of a VLEK. Throws {@link RefusedError}. */
export function certifiedChip({ extensions }: Certificate, product: SnpProduct): Uint8Array | null {
  const id = extensions.get(OID.hardwareId);
  if (id === undefined) return null;
  const length = product === 'turin' ? 8 : 64;
  // AMD writes the bytes without a type of their own; one with a type would be as clear.
  if (id.length === length) return id;
  const typed = asForm(() => readDer(id, TAG.octetString).content);
  requireForm(typed.length === length);
  return typed;
}

/** True if the certificate names the cloud for which the key was loaded. */
export function namesCloud({ extensions }: Certificate): boolean {
  return extensions.has(OID.cloudId);
}

/** The patch levels in a report's 8 bytes. */
export function reportedTcb(bytes: Uint8Array, product: SnpProduct): SnpTcb {
  const at = (index: number) => bytes[index] ?? 0;
  return product === 'turin'
    ? { fmc: at(0), bootloader: at(1), tee: at(2), snp: at(3), microcode: at(7) }
    : { fmc: null, bootloader: at(0), tee: at(1), snp: at(6), microcode: at(7) };
}

function readLevel(extension: Uint8Array | undefined): number {
  requireForm(extension !== undefined);
  const level = asForm(() => smallIntegerOf(readDer(extension, TAG.integer)));
  requireForm(level <= 0xff);
  return level;
}

function asForm<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RefusedError('malformed', MALFORMED, { cause: error });
  }
}

const MALFORMED = 'The certificates beside the attestation report have an unknown form.';

function requireForm(condition: boolean): asserts condition {
  requireThat(condition, 'malformed', MALFORMED);
}
