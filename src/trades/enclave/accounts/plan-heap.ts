// A binary heap of what is planned, the earliest first. It keeps no order among equal times.

/** When a subject is to begin. */
export interface Planned<Subject> {
  readonly subject: Subject;
  readonly atMs: number;
  readonly isBehind: boolean;
  isCancelled: boolean;
}

/** The heap. It has no bound of its own: its owner plans at most one beginning for each subject. */
export class PlanHeap<Subject> {
  readonly #items: Planned<Subject>[] = [];

  /** The earliest; undefined if there is none. */
  peek(): Planned<Subject> | undefined {
    return this.#items[0];
  }

  push(planned: Planned<Subject>): void {
    const items = this.#items;
    let at = items.length;
    items.push(planned);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above] as Planned<Subject>;
      if (parent.atMs <= planned.atMs) break;
      items[at] = parent;
      at = above;
    }
    items[at] = planned;
  }

  /** Removes the earliest. */
  pop(): void {
    const items = this.#items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      const [left, right] = [items[below] as Planned<Subject>, items[below + 1]];
      if (right !== undefined && right.atMs < left.atMs) below += 1;
      const child = items[below] as Planned<Subject>;
      if (child.atMs >= last.atMs) break;
      items[at] = child;
      at = below;
    }
    items[at] = last;
  }
}
