// The keys of a receiver in a settings file, and the receivers made of them. The program says which events it has. A rule
// never repairs a value, and no sentence has an address.

import { httpAddress } from '../config/address-kinds.ts';
import { optional, secret, setting, settingAs } from '../config/definition.ts';
import type { FileTable, FileValues, Given } from '../config/file-values.ts';
import { filePath, type Kind, matching, oneOf } from '../config/kinds.ts';
import { quantityOrZero } from '../config/quantities.ts';
import type { Findings } from '../config/settings-file.ts';
import type { FilePlace } from '../config/yaml-tree.ts';
import { MINUTE_MS } from '../lib/durations.ts';
import { faultOfUrl, FORM_NAMES, type FormName } from './forms.ts';
import type { ReceiverConfig } from './receivers.ts';
import type { UrlFile } from './url-file.ts';

/** Receivers of one program. */
export const RECEIVERS_MAX = 20;

const DAY_SECONDS = 86_400;

/** What receivers of a program can choose. */
export interface ReceiverWords<E extends string> {
  /** Every kind of event. */
  readonly events: readonly E[];
  /** What `nodes` names: `nodes`. */
  readonly noun: string;
  /** Whose `events` are told if none are given, in words. */
  readonly eventsUnset: string;
  /** What `nodes` is if it is not given. */
  readonly nodesUnset: 'all' | 'none';
}

/** An address as it was written, credentials included: it is checked, and stays a secret. */
const wholeAddress: Kind<string> = {
  ...httpAddress,
  parse: (text) => (httpAddress.parse(text) === undefined ? undefined : text),
};

/** The keys of one receiver, in the order of the documentation. */
export function receiverKeys<E extends string>({ events, noun, eventsUnset, nodesUnset }: ReceiverWords<E>) {
  return {
    name: optional(
      matching(/^[^\p{C}\p{Z}]([^\p{C}]{0,62}[^\p{C}\p{Z}])?$/u, '1 to 64 printable characters'),
      'must be given',
      'Name of the receiver in log, metrics and page; no two have the same.',
    ),
    url: secret<string>(wholeAddress, 'this or `url_file`', 'Address to which messages are posted.'),
    url_file: optional(
      filePath,
      'this or `url`',
      'File whose one line is the address; only its owner should be able to read it.',
    ),
    form: setting(oneOf(...FORM_NAMES), 'json', 'What the receiver understands.'),
    nodes: setting(oneOf('all', 'none'), nodesUnset, `Which ${noun} it is told about: all, none, or a list.`),
    'nodes[]': optional(
      matching(/^[^\p{C}]{1,256}$/u, '1 to 256 printable characters'),
      'no list',
      `Names of ${noun}; \`*\` stands for any characters.`,
    ),
    'events[]': optional(oneOf(...events), eventsUnset, 'Kinds of events that it is told.'),
    min_interval: settingAs(
      quantityOrZero('a message for each notice', 'seconds', 1, DAY_SECONDS),
      '1m',
      'Least time between two messages; what happens meanwhile is folded into one.',
    ),
  } as const;
}

/** What receivers are made from. */
export interface ReceiverSource {
  readonly values: FileValues<FileTable>;
  readonly findings: Findings;
  /** The path of the list in the file: `receivers`. */
  readonly list: string;
  /** Reads a file whose path the operator wrote. */
  readonly readUrl: (path: string) => UrlFile;
  readonly nodesUnset: 'all' | 'none';
  /** The events of a receiver without a list; `hasNodes` is true if it chose nodes. */
  readonly eventsUnset: (hasNodes: boolean) => readonly string[];
  /** True for events that only receivers with nodes are told. */
  readonly isOfNode: (event: string) => boolean;
}

/** Makes the receivers of the list. One with a mistake is left out. */
export function arrangeReceivers(source: ReceiverSource): readonly ReceiverConfig[] {
  const { values, findings, list } = source;
  const count = values.count(list);
  if (count > RECEIVERS_MAX) {
    findings.wrong(values.placeOf(list), `${list}: allowed are at most ${RECEIVERS_MAX} receivers`);
  }
  const names = new Map<string, FilePlace>();
  return Array.from({ length: Math.min(count, RECEIVERS_MAX) }, (_, index) =>
    new Block(source, index, names).arrange(),
  ).filter((each) => each !== null);
}

class Block {
  readonly #source: ReceiverSource;
  readonly #index: number;
  readonly #names: Map<string, FilePlace>;

  constructor(source: ReceiverSource, index: number, names: Map<string, FilePlace>) {
    this.#source = source;
    this.#index = index;
    this.#names = names;
  }

  arrange(): ReceiverConfig | null {
    const form = this.#text('form')?.value ?? 'json';
    const [name, url] = [this.#name(), this.#url(form as FormName)];
    const nodes = this.#nodes();
    const seconds = this.#number('min_interval');
    const minIntervalMs = seconds === undefined ? MINUTE_MS : seconds * 1_000;
    const events = this.#events(nodes.length > 0);
    return name === null || url === null
      ? null
      : { name, url, form: form as FormName, minIntervalMs, nodes, events };
  }

  #name(): string | null {
    const given = this.#text('name');
    if (given === undefined) {
      if (this.#lacks('name')) this.#wrong(null, 'name', 'must be given');
      return null;
    }
    const first = this.#names.get(given.value);
    if (first === undefined) this.#names.set(given.value, given.place);
    else this.#wrong(given.place, 'name', `the receiver in line ${first.line} has this name already`);
    return given.value;
  }

  #url(form: FormName): string | null {
    const [url, file] = [this.#text('url'), this.#text('url_file')];
    if (url !== undefined && file !== undefined) {
      this.#wrong(file.place, 'url_file', 'url gives the address already: write one of them');
      return null;
    }
    if (file !== undefined) return this.#urlOf(form, file);
    if (url === undefined) {
      if (this.#lacks('url') && this.#lacks('url_file'))
        this.#wrong(null, 'url', 'must be given, or url_file');
      return null;
    }
    return this.#fitting(form, url.value, url.place, 'url');
  }

  #urlOf(form: FormName, file: Given<string>): string | null {
    const read = this.#source.readUrl(file.value);
    if (read.type === 'fault') {
      this.#wrong(file.place, 'url_file', read.fault);
      return null;
    }
    if (read.warning !== null) {
      this.#source.findings.warn(file.place, `${this.#path('url_file')}: ${read.warning}`);
    }
    if (wholeAddress.parse(read.text) === undefined) {
      const why = httpAddress.explain?.(read.text) ?? `allowed is ${httpAddress.allowed}`;
      this.#wrong(file.place, 'url_file', `what the file holds is no address: ${why}`);
      return null;
    }
    return this.#fitting(form, read.text, file.place, 'url_file');
  }

  #fitting(form: FormName, url: string, place: FilePlace, key: string): string | null {
    const fault = faultOfUrl(form, new URL(url));
    if (fault !== null) this.#wrong(place, key, fault);
    return fault === null ? url : null;
  }

  #nodes(): readonly string[] {
    const listed = this.#list('nodes');
    if (this.#source.values.placeOf(this.#path('nodes')) !== undefined)
      return listed.map(({ value }) => value);
    const word = this.#text('nodes')?.value ?? this.#source.nodesUnset;
    return word === 'all' ? ['*'] : [];
  }

  #events(hasNodes: boolean): readonly string[] {
    const { findings, values, isOfNode, eventsUnset } = this.#source;
    const place = values.placeOf(this.#path('events'));
    if (place === undefined) return eventsUnset(hasNodes);
    const listed = this.#list('events');
    const vain = listed.find(({ value }) => isOfNode(value));
    if (vain !== undefined && !hasNodes) {
      findings.warn(
        vain.place,
        `${vain.path}: never told, because this receiver has no nodes: write nodes: all`,
      );
    }
    if (listed.length === 0) findings.warn(place, `${this.#path('events')}: this receiver is told nothing`);
    return [...new Set(listed.map(({ value }) => value))];
  }

  #path(key: string): string {
    return `${this.#source.list}[${this.#index}].${key}`;
  }

  #lacks(key: string): boolean {
    return this.#source.values.lacks(`${this.#source.list}[].${key}`, this.#index);
  }

  #given(key: string, ...at: readonly number[]): Given<unknown> | undefined {
    return this.#source.values.get(`${this.#source.list}[].${key}`, this.#index, ...at);
  }

  #text(key: string, ...at: readonly number[]): Given<string> | undefined {
    const given = this.#given(key, ...at);
    return typeof given?.value === 'string' ? { ...given, value: given.value } : undefined;
  }

  #number(key: string): number | undefined {
    const value = this.#given(key)?.value;
    return typeof value === 'number' ? value : undefined;
  }

  #list(key: string): readonly Given<string>[] {
    const count = this.#source.values.count(this.#path(key));
    return Array.from({ length: count }, (_, at) => this.#text(`${key}[]`, at)).filter(
      (each) => each !== undefined,
    );
  }

  #wrong(place: FilePlace | null, key: string, sentence: string): void {
    const { findings, values, list } = this.#source;
    findings.wrong(place ?? values.placeOf(`${list}[]`, this.#index), `${this.#path(key)}: ${sentence}`);
  }
}
