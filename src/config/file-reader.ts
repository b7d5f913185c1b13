// Compares the tree of a settings file with the table of its keys: finds unknown keys, wrong kinds and wrong values, and
// collects the right values. It never repairs a value, and never quotes a secret.

import { type Definition, shownValue } from './definition.ts';
import { FileValues, type FileTable, type Given } from './file-values.ts';
import type { Kind } from './kinds.ts';
import { nearestOf } from './near-names.ts';
import { slipInQuoted } from './slips.ts';
import type { FileMistake, FilePlace, TreeNode, TreeScalar } from './yaml-tree.ts';

/** Values of a file, the mistakes in it, and what is right but perhaps not intended. */
export interface FileContent<T extends FileTable> {
  readonly values: FileValues<T>;
  readonly mistakes: readonly FileMistake[];
  readonly warnings: readonly FileMistake[];
}

/** Reads a tree by the table. Never throws. */
export function readByTable<T extends FileTable>(table: T, root: TreeNode): FileContent<T> {
  const reader = new TableReader<T>(table);
  reader.block(root, '', '');
  return reader;
}

/** A list with more elements is a mistake. */
const ELEMENTS_MAX = 100;

class TableReader<T extends FileTable> implements FileContent<T> {
  readonly values = new FileValues<T>();
  readonly mistakes: FileMistake[] = [];
  readonly warnings: FileMistake[] = [];
  readonly #table: T;
  readonly #names: readonly string[];

  constructor(table: T) {
    this.#table = table;
    this.#names = Object.keys(table);
  }

  /** `pattern` is the block's path in the table, `path` the one with numbers; both end with a dot, or are empty. */
  block(node: TreeNode, pattern: string, path: string): void {
    if (node.type !== 'map') {
      this.#wrong(
        node.place,
        path === '' ? EMPTY_FILE : `${path.slice(0, -1)}: ${standsHere(node, 'a block of keys')}`,
      );
      return;
    }
    for (const { key, place, value } of node.entries) {
      const [known, name] = [pattern + key, path + key];
      // A key may be a word or a list: it is then in the table in both forms.
      const isList = value.type === 'list' && this.#has(`${known}[]`);
      if (Object.hasOwn(this.#table, known) && !isList) this.#value(known, name, place, value);
      else if (this.#has(`${known}[]`)) this.#list(known, name, place, value);
      else if (this.#has(`${known}.`)) this.#inner(known, name, place, value);
      else this.#wrong(place, this.#unknown(key, pattern, path));
    }
  }

  #has(start: string): boolean {
    return this.#names.some((name) => name.startsWith(start));
  }

  #inner(known: string, name: string, place: FilePlace, node: TreeNode): void {
    this.values.addBlock(name, place, 0);
    if (!isNothing(node)) this.block(node, `${known}.`, `${name}.`);
    else this.warnings.push({ place, sentence: `${name}: nothing stands in this block: its defaults hold` });
  }

  #list(known: string, name: string, place: FilePlace, node: TreeNode): void {
    const items = isNothing(node) ? [] : node.type === 'list' ? node.items : null;
    if (items === null || items.length > ELEMENTS_MAX) {
      const fault =
        items === null ? standsHere(node, 'a list') : `allowed are at most ${ELEMENTS_MAX} elements`;
      this.#wrong(items === null ? node.place : place, `${name}: ${fault}`);
      return;
    }
    this.values.addBlock(name, place, items.length);
    for (const [index, item] of items.entries()) {
      const [each, path] = [`${known}[]`, `${name}[${index}]`];
      if (Object.hasOwn(this.#table, each)) this.#value(each, path, item.place, item);
      else {
        this.values.addBlock(path, item.place, 0);
        this.block(item, `${each}.`, `${path}.`);
      }
    }
  }

  #value(known: string, path: string, place: FilePlace, node: TreeNode): void {
    const definition = this.#table[known];
    if (definition === undefined) return;
    // A written null is the default; an empty value was perhaps forgotten.
    if (node.type === 'scalar' && node.form === 'null') {
      this.values.addNull(path);
      return;
    }
    const fault =
      node.type === 'scalar' ? faultOf(definition, node) : standsHere(node, formOf(definition.kind));
    if (fault !== undefined || node.type !== 'scalar') {
      this.values.addWrong(path);
      const isShown = node.type === 'scalar' && node.form !== 'empty';
      const shown = isShown ? ` ${shownAs(definition, node)}` : '';
      this.#wrong(
        node.type === 'scalar' && node.form === 'empty' ? place : node.place,
        `${path}${shown}: ${fault}`,
      );
      return;
    }
    const text = node.text.trim();
    this.values.add({ value: parsed(definition.kind, text), path, place, text } satisfies Given<unknown>);
  }

  #unknown(key: string, pattern: string, path: string): string {
    const inBlock = [
      ...new Set(
        this.#names
          .filter((name) => name.startsWith(pattern))
          .map((name) => /^[^.[]*/.exec(name.slice(pattern.length))?.[0] ?? ''),
      ),
    ];
    // A key in the wrong block has the last word of the right one.
    const elsewhere = this.#names.find((name) => name.split('.').at(-1) === key && !name.includes('[]'));
    const near = elsewhere === undefined ? nearestOf(inBlock, key) : undefined;
    const meant = near === undefined ? elsewhere : path + near;
    // What is no word may be a value in the wrong place.
    const shown = /^[A-Za-z_][\w-]{0,63}$/.test(key)
      ? path + key
      : `a key in ${path === '' ? 'the file' : path.slice(0, -1)} (not shown)`;
    if (meant === undefined) return `${shown}: no key has this name; the keys here are ${inBlock.join(', ')}`;
    return `${shown}: no key has this name; is ${meant} meant?`;
  }

  #wrong(place: FilePlace, sentence: string): void {
    this.mistakes.push({ place, sentence });
  }
}

const EMPTY_FILE = 'the file must be a block of keys, each with a colon and a value';

function isNothing(node: TreeNode): boolean {
  return node.type === 'scalar' && (node.form === 'empty' || node.form === 'null');
}

const FORMS = {
  text: 'text',
  number: 'a number',
  truth: '`true` or `false`',
  quantity: 'a number, or text with a unit,',
} as const;

function formOf({ form }: Pick<Kind<unknown>, 'form'>): string {
  return FORMS[form ?? 'text'];
}

function standsHere(node: TreeNode, needed: string): string {
  return `${typeOf(node)} stands here, and ${needed} is needed`;
}

function typeOf(node: TreeNode): string {
  if (node.type === 'map') return 'a block of keys';
  if (node.type === 'list') return 'a list';
  if (node.form === 'truth') return 'true or false';
  return { text: 'text', number: 'a number', null: 'nothing', empty: 'nothing' }[node.form];
}

/** `True` and `TRUE` are `true` in YAML. */
function parsed<V>(kind: Kind<V>, text: string): V | undefined {
  return kind.parse(kind.form === 'truth' ? text.toLowerCase() : text);
}

function faultOf({ kind }: Definition<unknown>, { form, text, isQuoted }: TreeScalar): string | undefined {
  const trimmed = text.trim();
  if (form === 'empty') return 'nothing stands behind the colon: write a value, or remove the line';
  if (trimmed === '') return `the text is empty: allowed is ${kind.allowed}`;
  const wanted = kind.form ?? 'text';
  const isRight = parsed(kind, trimmed) !== undefined;
  // A quantity with a unit is text, so it may stand in quotes.
  const mayBeQuoted = wanted === 'text' || (wanted === 'quantity' && /[A-Za-z]/.test(trimmed));
  if (!mayBeQuoted && isQuoted && isRight) {
    const needed = wanted === 'quantity' ? FORMS.number : formOf(kind);
    return `text in quotes stands here, and ${needed} is needed: write it without quotes`;
  }
  if (wanted === 'text' && form !== 'text' && isRight) {
    return `${form === 'truth' ? 'true or false' : 'a number'} stands here, and text is needed: write it in quotes`;
  }
  const slip = wanted === 'text' ? slipInQuoted(trimmed, kind.nature ?? 'other') : undefined;
  if (slip !== undefined) return slip;
  return isRight ? undefined : (kind.explain?.(trimmed) ?? `allowed is ${kind.allowed}`);
}

function shownAs(definition: Definition<unknown>, { form, text }: TreeScalar): string {
  const shown = shownValue(definition, text);
  return form === 'text' || shown.startsWith('(') ? shown : text.slice(0, 40);
}
