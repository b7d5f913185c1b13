// A set of 64-bit hashes in nine to ten bytes each: eight tables with open addressing, of pages that a growing table uses
// again. Tables in one piece would leave holes in the memory of the process, half as large as themselves. It makes no
// hash.

/** Several tables, so that one growth takes a few milliseconds for a million hashes. */
const TABLES = 8;
const LOAD = 0.9;
const GROWTH = 1.12;
const FIRST_SLOTS = 8;
const PAGE_BITS = 9;
const PAGE_SLOTS = 2 ** PAGE_BITS;
const BYTES_OF_SLOT = 8;
/** What the engine keeps for a page beside its slots, and for a table beside its pages, roughly. */
const OVERHEAD_BYTES = 220;
const TABLE_BYTES = 120;

/** Slots, each of a high and a low half; an empty one is two zeros. */
type Page = Uint32Array<ArrayBuffer>;

/** A set that only grows. The hashes must be uniform. */
export class HashSet64 {
  /** Pages that no table uses at the moment. */
  readonly #spare: Page[] = [];
  readonly #tables = Array.from({ length: TABLES }, () => new Table(this.#spare));

  /** Memory that the set takes, in bytes. */
  get bytes(): number {
    const spareBytes = this.#spare.length * pageBytes(PAGE_SLOTS);
    return this.#tables.reduce((bytes, table) => bytes + table.bytes, spareBytes);
  }

  /** Adds a hash, of which both halves are whole numbers below 2^32; false if the set has it already. */
  add(high: number, low: number): boolean {
    // The low half chooses the slot, so the table is chosen by the high one.
    return (this.#tables[high % TABLES] as Table).add(high, lowOf(high, low));
  }

  /** True if the set has this hash. */
  has(high: number, low: number): boolean {
    return (this.#tables[high % TABLES] as Table).has(high, lowOf(high, low));
  }
}

/** Two zeros mark an empty slot, so the hash of zeros is kept as its neighbour. */
function lowOf(high: number, low: number): number {
  return high === 0 && low === 0 ? 1 : low;
}

function pageBytes(slots: number): number {
  return slots * BYTES_OF_SLOT + OVERHEAD_BYTES;
}

/** One short page, or pages of 512 slots. */
class Table {
  readonly #spare: Page[];
  /** Made when they are first looked into. */
  #pages: (Page | undefined)[] = [undefined];
  #slots = FIRST_SLOTS;
  #size = 0;
  #pageBytes = 0;

  constructor(spare: Page[]) {
    this.#spare = spare;
  }

  get bytes(): number {
    return TABLE_BYTES + this.#pageBytes;
  }

  add(high: number, low: number): boolean {
    if (this.#size + 1 > LOAD * this.#slots) this.#grow();
    const isNew = this.#place(high, low);
    if (isNew) this.#size += 1;
    return isNew;
  }

  has(high: number, low: number): boolean {
    return this.#find(high, low, false);
  }

  /** Puts a hash into its slot or the next free one; false if it stands there already. */
  #place(high: number, low: number): boolean {
    return !this.#find(high, low, true);
  }

  /** Looks for a hash from its slot on. If it is missing, puts it into the free slot that ends the search. */
  #find(high: number, low: number, isPlacing: boolean): boolean {
    let slot = Math.floor((low / 0x1_0000_0000) * this.#slots);
    for (;;) {
      let page = this.#pages[slot >>> PAGE_BITS];
      if (page === undefined) {
        if (!isPlacing) return false;
        page = this.#newPage();
        this.#pages[slot >>> PAGE_BITS] = page;
      }
      const at = (slot & (PAGE_SLOTS - 1)) << 1;
      const highThere = page[at] as number;
      const lowThere = page[at + 1] as number;
      if (highThere === high && lowThere === low) return true;
      if (highThere === 0 && lowThere === 0) {
        if (isPlacing) {
          page[at] = high;
          page[at + 1] = low;
        }
        return false;
      }
      slot += 1;
      if (slot === this.#slots) slot = 0;
    }
  }

  /**
   * Moves all hashes into new pages. Old and new slots have the same order, so an old page that is empty soon serves as
   * a new one.
   */
  #grow(): void {
    const old = this.#pages;
    this.#pageBytes = 0;
    this.#slots = this.#slots < PAGE_SLOTS ? 2 * this.#slots : moreSlots(this.#slots);
    this.#pages = Array.from({ length: Math.ceil(this.#slots / PAGE_SLOTS) }, () => undefined);
    for (const page of old) {
      if (page === undefined) continue;
      for (let at = 0; at < page.length; at += 2) {
        const high = page[at] as number;
        const low = page[at + 1] as number;
        if (high !== 0 || low !== 0) this.#place(high, low);
      }
      if (page.length === 2 * PAGE_SLOTS) this.#spare.push(page.fill(0));
    }
  }

  #newPage(): Page {
    const slots = Math.min(this.#slots, PAGE_SLOTS);
    this.#pageBytes += pageBytes(slots);
    const spare = slots === PAGE_SLOTS ? this.#spare.pop() : undefined;
    return spare ?? new Uint32Array(2 * slots);
  }
}

/** Whole pages, at least one more. */
function moreSlots(slots: number): number {
  return PAGE_SLOTS * Math.ceil((slots * GROWTH) / PAGE_SLOTS);
}
