// Remembers which other machines sent a claim that is kept already, so that each of them is told its verdict. It judges
// nothing.

/** Further machines of one claim that are told its verdicts; the verdict of later ones stays as it was when they came. */
export const REPEATERS_MAX = 64;

/** Further machines by the id of the entry that they repeated. Its owner forgets entries that are gone. */
export class Repeaters {
  readonly #machines = new Map<number, Set<string>>();

  /** Entries that were repeated. */
  get size(): number {
    return this.#machines.size;
  }

  /** This machine sent the claim of this entry too. */
  add(id: number, machineId: string): void {
    const machines = this.#machines.get(id) ?? new Set();
    this.#machines.set(id, machines);
    if (machines.size < REPEATERS_MAX) machines.add(machineId);
  }

  /** The further machines that sent the claim of this entry. */
  of(id: number): Iterable<string> {
    return this.#machines.get(id) ?? [];
  }

  /** These entries are not kept any longer. */
  forget(ids: readonly number[]): void {
    for (const id of ids) this.#machines.delete(id);
  }
}
