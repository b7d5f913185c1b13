// Makes room in a full collection so that the address which filled it pays. Pure.

/**
 * The items to remove so that `room` places become free. The addresses with most items lose their newest ones until
 * they have no more than the others: an address with few items loses none. `items` are in the order of their arrival.
 */
export function fairCut<Item>(
  items: Iterable<Item>,
  addressOf: (item: Item) => string,
  room: number,
): readonly Item[] {
  const byAddress = new Map<string, Item[]>();
  for (const item of items) {
    const list = byAddress.get(addressOf(item));
    if (list === undefined) byAddress.set(addressOf(item), [item]);
    else list.push(item);
  }
  const level = levelThatFrees(
    Array.from(byAddress.values(), ({ length }) => length).toSorted((one, other) => other - one),
    room,
  );
  return Array.from(byAddress.values()).flatMap((list) => list.slice(level));
}

/** The number of items that each address may keep. `counts` are in descending order. */
function levelThatFrees(counts: readonly number[], room: number): number {
  let sum = 0;
  for (const [index, count] of counts.entries()) {
    sum += count;
    const next = counts[index + 1] ?? 0;
    // With all of these addresses at the next one's count, `freed` places are free.
    const freed = sum - next * (index + 1);
    if (freed >= room) return next + Math.floor((freed - room) / (index + 1));
  }
  return 0;
}
