// Writes texts as WebSocket frames of a server (RFC 6455, "Base Framing Protocol"), many in one piece of memory: one
// write of the system for all answers to what arrived together. It reads nothing.

const FINAL_TEXT = 0x81;
/** Longest text whose length stands in the second byte. */
const SHORT = 125;
const LENGTH_IN_TWO_BYTES = 126;
const LENGTH_IN_EIGHT_BYTES = 127;
const TWO_BYTES = 0xffff;

/** The frames of these texts, one for each, in order. */
export function textFrames(texts: readonly string[]): Buffer {
  let total = 0;
  const lengths = texts.map((text) => {
    const length = Buffer.byteLength(text);
    total += headerBytes(length) + length;
    return length;
  });
  const frames = Buffer.allocUnsafe(total);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    at = writeHeader(frames, at, lengths[index] ?? 0);
    at += frames.write(text, at);
  }
  return frames;
}

function headerBytes(length: number): number {
  if (length <= SHORT) return 2;
  return length <= TWO_BYTES ? 4 : 10;
}

/** Returns where the text begins. */
function writeHeader(frames: Buffer, at: number, length: number): number {
  frames[at] = FINAL_TEXT;
  if (length <= SHORT) {
    frames[at + 1] = length;
    return at + 2;
  }
  if (length <= TWO_BYTES) {
    frames[at + 1] = LENGTH_IN_TWO_BYTES;
    return frames.writeUInt16BE(length, at + 2);
  }
  frames[at + 1] = LENGTH_IN_EIGHT_BYTES;
  return frames.writeBigUInt64BE(BigInt(length), at + 2);
}
