// The content of a gzip file, decompressed as it is read. Members may follow one another. A damaged file is read up to the
// byte before the damage. It keeps one slice of the file and its output in memory.

import type { FileHandle } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';
import { bytesAt, type ContentEnd, type FileContent } from './file-content.ts';

/** Uncompressed bytes of one gzip file that are read. */
export const GZIP_CONTENT_BYTES_MAX = 4_294_967_296;
/** Compressed bytes that are decompressed at a time: 8 KiB become 8 MiB at most. */
const SLICE_BYTES = 8_192;

/** How much a read may give. */
export interface GzipBounds {
  readonly chunkBytes: number;
  /** {@link GZIP_CONTENT_BYTES_MAX}. */
  readonly contentBytesMax: number;
}

/** True for the first bytes of a gzip file. */
export function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The content of one version of a gzip file, from its start. */
export class GzipContent implements FileContent {
  readonly #file: FileHandle;
  readonly #bounds: GzipBounds;
  #decoder: Decoder = new Decoder();
  #end: ContentEnd = 'open';
  #output: Buffer = Buffer.alloc(0);
  /** Bytes of the file that went into the decoder. */
  #fed = 0;
  /** Bytes of content that came out, those not given yet included. */
  #made = 0;
  /** Bytes of content that were made before and are thrown away. */
  #again = 0;
  /** Where the decoder met damage: from here a second one is fed byte by byte, so that nothing before it is lost. */
  #damagedAt: number | null = null;

  constructor(file: FileHandle, bounds: GzipBounds) {
    this.#file = file;
    this.#bounds = bounds;
  }

  get end(): ContentEnd {
    return this.#output.length > 0 ? 'open' : this.#end;
  }

  /** Bytes of the file that were read so far. */
  get compressedBytes(): number {
    return this.#fed;
  }

  async read(): Promise<Buffer | null> {
    const { chunkBytes } = this.#bounds;
    while (this.#output.length < chunkBytes && this.#end === 'open') await this.#feed();
    if (this.#output.length === 0) return null;
    const chunk = this.#output.subarray(0, chunkBytes);
    this.#output = this.#output.subarray(chunkBytes);
    return chunk;
  }

  close(): void {
    this.#decoder.close();
  }

  async #feed(): Promise<void> {
    const slice = await bytesAt(this.#file, this.#fed, this.#sliceBytes());
    const fault = await (slice.length === 0 ? this.#decoder.finish() : this.#decoder.take(slice));
    this.#take(this.#decoder.output());
    if (fault === 'damaged' && this.#damagedAt === null && slice.length > 1) {
      this.#beginAgain();
    } else if (fault !== null) {
      this.#end = this.#end === 'open' ? fault : this.#end;
      this.#decoder.close();
    }
    if (fault === null) this.#fed += slice.length;
  }

  #sliceBytes(): number {
    if (this.#damagedAt === null) return SLICE_BYTES;
    return this.#fed < this.#damagedAt ? Math.min(SLICE_BYTES, this.#damagedAt - this.#fed) : 1;
  }

  #beginAgain(): void {
    this.#decoder.close();
    this.#decoder = new Decoder();
    this.#damagedAt = this.#fed;
    this.#again = this.#made;
    this.#fed = 0;
  }

  #take(output: Buffer): void {
    const known = Math.min(this.#again, output.length);
    this.#again -= known;
    const room = this.#bounds.contentBytesMax - this.#made;
    const fresh = output.subarray(known, known + room);
    if (output.length - known > room) this.#end = 'too_long';
    this.#made += fresh.length;
    if (fresh.length > 0)
      this.#output = this.#output.length === 0 ? fresh : Buffer.concat([this.#output, fresh]);
  }
}

/** Why a decoder takes no more; null if it does. */
type DecoderEnd = 'ended' | 'incomplete' | 'damaged' | null;

/** Node's decoder, of which one asks for one slice at a time. */
class Decoder {
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: 65_536 });
  #output: Buffer[] = [];
  #fault: DecoderEnd = null;
  #settle: () => void = () => undefined;

  constructor() {
    this.#gunzip.on('data', (output: Buffer) => this.#output.push(output));
    this.#gunzip.on('end', () => this.#stop('ended'));
    this.#gunzip.on('error', (error: NodeJS.ErrnoException) => {
      this.#stop(error.code === 'Z_BUF_ERROR' ? 'incomplete' : 'damaged');
    });
  }

  take(slice: Buffer): Promise<DecoderEnd> {
    return this.#ask((done) => this.#gunzip.write(slice, done));
  }

  finish(): Promise<DecoderEnd> {
    return this.#ask(() => this.#gunzip.end());
  }

  /** What has come out since the last call. */
  output(): Buffer {
    const output = this.#output.length === 1 ? this.#output[0] : Buffer.concat(this.#output);
    this.#output = [];
    return output ?? Buffer.alloc(0);
  }

  close(): void {
    this.#gunzip.destroy();
  }

  async #ask(act: (done: () => void) => void): Promise<DecoderEnd> {
    if (this.#fault !== null) return this.#fault;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settle = resolve;
    act(() => resolve());
    await promise;
    return this.#fault;
  }

  #stop(fault: DecoderEnd): void {
    this.#fault ??= fault;
    this.#settle();
  }
}
