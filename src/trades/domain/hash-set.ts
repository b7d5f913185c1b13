// A set of 64-bit hashes in nine to ten bytes each: open addressing in tables that grow by a seventh, many small ones once
// there are many hashes, so that no growth takes long or needs much memory at once. It makes no hash.

/** Hashes in the first table; with more, the set is cut into many tables. */
const SPLIT_AT = 4_096;
const TABLES = 64;
const FIRST_SLOTS = 16;
const LOAD = 0.9;
const GROWTH = 1.15;
/** What the engine keeps for a table beside its slots, roughly. */
const TABLE_OVERHEAD_BYTES = 280;

/** A set that only grows. The hashes must be uniform. */
export class HashSet64 {
  #tables = [new Table(FIRST_SLOTS)];
  #size = 0;
  #bytes = tableBytes(FIRST_SLOTS);

  get size(): number {
    return this.#size;
  }

  /** Memory that the set takes, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a hash, of which both halves are whole numbers below 2^32; false if the set has it already. */
  add(high: number, low: number): boolean {
    if (this.#tables.length === 1 && this.#size >= SPLIT_AT) this.#split();
    // The low half chooses the slot, so the table is chosen by the high one.
    const table = this.#tables[high % this.#tables.length] as Table;
    const slotsBefore = table.slots;
    // An empty slot is two zeros, so that hash stands for its neighbour too.
    const isNew = table.add(high, high === 0 && low === 0 ? 1 : low);
    this.#bytes += (table.slots - slotsBefore) * BYTES_OF_SLOT;
    if (isNew) this.#size += 1;
    return isNew;
  }

  /** True if the set has this hash. */
  has(high: number, low: number): boolean {
    const table = this.#tables[high % this.#tables.length] as Table;
    return table.has(high, high === 0 && low === 0 ? 1 : low);
  }

  #split(): void {
    const [whole] = this.#tables as [Table];
    const slots = Math.ceil((SPLIT_AT / TABLES / LOAD) * GROWTH);
    this.#tables = Array.from({ length: TABLES }, () => new Table(slots));
    for (const [high, low] of whole.entries()) this.#tables[high % TABLES]?.add(high, low);
    this.#bytes = this.#tables.reduce((bytes, table) => bytes + tableBytes(table.slots), 0);
  }
}

const BYTES_OF_SLOT = 8;

function tableBytes(slots: number): number {
  return slots * BYTES_OF_SLOT + TABLE_OVERHEAD_BYTES;
}

class Table {
  #slots: Uint32Array<ArrayBuffer>;
  #size = 0;

  constructor(slots: number) {
    this.#slots = new Uint32Array(2 * slots);
  }

  get slots(): number {
    return this.#slots.length / 2;
  }

  add(high: number, low: number): boolean {
    if (this.#size + 1 > LOAD * this.slots) this.#grow();
    const isNew = place(this.#slots, high, low);
    if (isNew) this.#size += 1;
    return isNew;
  }

  has(high: number, low: number): boolean {
    const at = slotFor(this.#slots, high, low);
    return this.#slots[at] === high && this.#slots[at + 1] === low;
  }

  *entries(): Iterable<readonly [number, number]> {
    for (let at = 0; at < this.#slots.length; at += 2) {
      const high = this.#slots[at] as number;
      const low = this.#slots[at + 1] as number;
      if (high !== 0 || low !== 0) yield [high, low];
    }
  }

  #grow(): void {
    const grown = new Uint32Array(2 * Math.ceil((this.slots + 1) * GROWTH));
    for (let at = 0; at < this.#slots.length; at += 2) {
      const high = this.#slots[at] as number;
      const low = this.#slots[at + 1] as number;
      if (high !== 0 || low !== 0) place(grown, high, low);
    }
    // The old memory is free at once, without waiting for the garbage collector.
    this.#slots.buffer.transfer(0);
    this.#slots = grown;
  }
}

/** Puts a hash into its slot or the next free one; false if it stands there already. */
function place(slots: Uint32Array, high: number, low: number): boolean {
  const at = slotFor(slots, high, low);
  if (slots[at] === high && slots[at + 1] === low) return false;
  slots[at] = high;
  slots[at + 1] = low;
  return true;
}

/** Where a hash stands, or the free slot in which it would. */
function slotFor(slots: Uint32Array, high: number, low: number): number {
  let at = 2 * Math.floor((low / 0x1_0000_0000) * (slots.length / 2));
  for (;;) {
    const highThere = slots[at] as number;
    const lowThere = slots[at + 1] as number;
    if (highThere === 0 && lowThere === 0) return at;
    if (highThere === high && lowThere === low) return at;
    at += 2;
    if (at === slots.length) at = 0;
  }
}
