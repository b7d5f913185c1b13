// A source of facts that a test writes down: its steps are slices of a list, and its position is the number of facts
// before it. It behaves as the readers of files do: steps may be handed out before earlier ones are stored, and what was
// not stored is handed out again.

import type {
  ReadStep,
  SourceFact,
  SourceKind,
  SourceReader,
  SourceStatus,
  StoredPosition,
} from '../../../src/agent/domain/source-facts.ts';

export class PlainSource implements SourceReader {
  readonly source: SourceKind;
  /** The list itself: a test may add to it. */
  readonly facts: SourceFact[];
  isWanted = true;
  isReadable = true;
  looks = 0;
  /** Facts of a step. */
  stepFacts: number;
  #handedOut: number;
  #stored: number;
  #visible: number;
  #isFrozen = false;

  constructor(
    source: SourceKind,
    facts: SourceFact[],
    { positions = [], stepFacts = 3 }: { positions?: readonly StoredPosition[]; stepFacts?: number } = {},
  ) {
    this.source = source;
    this.facts = facts;
    this.stepFacts = stepFacts;
    const position = positions.find((one) => one.source === source && one.key === 'plain');
    this.#stored = Number(position?.state ?? 0);
    this.#handedOut = this.#stored;
    this.#visible = 0;
  }

  /** The next look finds that everything has to be read again. */
  rescan(): void {
    this.#stored = 0;
    this.#handedOut = 0;
  }

  /** From now on a reading never ends, as if the process were dead. */
  freeze(): void {
    this.#isFrozen = true;
  }

  look(): Promise<void> {
    this.looks++;
    this.#visible = this.facts.length;
    return Promise.resolve();
  }

  next(): Promise<ReadStep | null> {
    if (this.#isFrozen) return new Promise(() => undefined);
    if (!this.isReadable || this.#handedOut >= this.#visible) return Promise.resolve(null);
    const end = Math.min(this.#visible, this.#handedOut + this.stepFacts);
    const facts = this.facts.slice(this.#handedOut, end);
    this.#handedOut = end;
    return Promise.resolve({
      source: this.source,
      facts,
      unread: { other: 1 },
      position: { source: this.source, key: 'plain', state: String(end) },
      dropped: [],
      bytes: facts.length * 400,
    });
  }

  stored(step: ReadStep): void {
    this.#stored = Number(step.position.state);
  }

  forgotten(): void {
    this.#handedOut = this.#stored;
  }

  status(): SourceStatus {
    return {
      source: this.source,
      isWanted: this.isWanted,
      looksFor: ['plain'],
      isReadable: this.isReadable,
      files: [],
      bytesBehind: 0,
      problems: {},
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
