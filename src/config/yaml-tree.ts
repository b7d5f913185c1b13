// Reads the text of a YAML file into a tree of plain nodes, each with its line and column. It knows no keys. Only this
// file imports the YAML library. Its messages quote nothing of the text, because any part may be a secret.

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLError,
} from 'yaml';

/** A position in a file; both numbers begin with 1. */
export interface FilePlace {
  readonly line: number;
  readonly column: number;
}

/** One key of a map, where it stands, and its value. */
export interface TreeEntry {
  readonly key: string;
  readonly place: FilePlace;
  readonly value: TreeNode;
}

/** A scalar: its text without quotes, and how it is written. `empty`: nothing stands there. */
export interface TreeScalar {
  readonly type: 'scalar';
  readonly place: FilePlace;
  readonly form: 'text' | 'number' | 'truth' | 'null' | 'empty';
  readonly isQuoted: boolean;
  readonly text: string;
}

/** One value of a file. */
export type TreeNode =
  | { readonly type: 'map'; readonly place: FilePlace; readonly entries: readonly TreeEntry[] }
  | { readonly type: 'list'; readonly place: FilePlace; readonly items: readonly TreeNode[] }
  | TreeScalar;

/** A mistake in a file and where it stands; null if it is about the whole file. */
export interface FileMistake {
  readonly place: FilePlace | null;
  readonly sentence: string;
}

/** The tree of a file, or the mistakes that make it unreadable. */
export type Tree =
  | { readonly type: 'tree'; readonly root: TreeNode }
  | { readonly type: 'unreadable'; readonly mistakes: readonly FileMistake[] };

/** Values in one file, those that aliases repeat included. */
const NODES_MAX = 10_000;
const DEPTH_MAX = 20;
/** After a first mistake in the marks of the language most others follow from it. */
const SYNTAX_MISTAKES_MAX = 3;

/** Reads the text. Never throws; the text may be anything. */
export function readTree(text: string): Tree {
  const lines = new LineCounter();
  const placeAt = (offset: number): FilePlace => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const document = parseDocument(text.startsWith('\uFEFF') ? text.slice(1) : text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      // All scalars stay text: this file decides what each is.
      schema: 'failsafe',
    });
    const faults = [...document.errors, ...document.warnings].slice(0, SYNTAX_MISTAKES_MAX);
    if (faults.length > 0) {
      return {
        type: 'unreadable',
        mistakes: faults.map((fault) => ({ place: placeAt(fault.pos[0]), sentence: sentenceOf(fault) })),
      };
    }
    const builder = new TreeBuilder(placeAt);
    const root = builder.node(document.contents, 0, 0);
    return builder.mistakes.length > 0
      ? { type: 'unreadable', mistakes: builder.mistakes }
      : { type: 'tree', root };
  } catch (error) {
    // The library calls itself for each level of nesting.
    if (!(error instanceof RangeError)) throw error;
    return { type: 'unreadable', mistakes: [{ place: null, sentence: TOO_DEEP }] };
  }
}

const TOO_DEEP = `values stand in one another more than ${DEPTH_MAX} deep: write them flat`;
const TOO_MANY = `more than ${NODES_MAX} values, those that aliases repeat included: write fewer`;

const NULL = /^(?:~|null|Null|NULL)$/;
const TRUTH = /^(?:true|True|TRUE|false|False|FALSE)$/;
const NUMBER =
  /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** Makes plain nodes of the library's, and collects the mistakes in them. */
class TreeBuilder {
  readonly mistakes: FileMistake[] = [];
  readonly #placeAt: (offset: number) => FilePlace;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;
  #isFull = false;

  constructor(placeAt: (offset: number) => FilePlace) {
    this.#placeAt = placeAt;
  }

  /** `offset` is where the value stands if it is empty. */
  node(node: unknown, offset: number, depth: number): TreeNode {
    const given = isNode(node) ? node : null;
    const at = given?.range?.[0] ?? offset;
    const place = this.#placeAt(at);
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX || depth > DEPTH_MAX) {
      if (!this.#isFull) this.#wrong(at, depth > DEPTH_MAX ? TOO_DEEP : TOO_MANY);
      this.#isFull = true;
    }
    if (given === null || this.#isFull) return emptyAt(place);
    if (isAlias(given)) {
      const target = this.#anchors.get(given.source);
      if (target !== undefined) return this.node(target, at, depth + 1);
      this.#wrong(at, 'no anchor of this name stands before the alias');
      return emptyAt(place);
    }
    if (given.tag !== undefined) this.#wrong(at, 'tags (words that begin with !) are not read: remove it');
    if (given.anchor !== undefined) this.#anchors.set(given.anchor, given);
    if (isMap(given)) return { type: 'map', place, entries: this.#entries(given.items, at, depth) };
    if (isSeq(given)) {
      return { type: 'list', place, items: given.items.map((item) => this.node(item, at, depth + 1)) };
    }
    return isScalar(given) ? scalarAt(place, given) : emptyAt(place);
  }

  #entries(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    offset: number,
    depth: number,
  ): readonly TreeEntry[] {
    const lines = new Map<string, number>();
    return pairs.flatMap(({ key, value }) => {
      const at = (isNode(key) ? key.range?.[0] : undefined) ?? offset;
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.#wrong(at, 'a key must be a word');
        return [];
      }
      if (key.value === '<<') {
        this.#wrong(at, 'merge keys (<<) are not read: write the keys out');
        return [];
      }
      const place = this.#placeAt(at);
      const earlier = lines.get(key.value);
      if (earlier !== undefined) {
        this.#wrong(at, `this key stands in line ${earlier} already: write it once`);
        return [];
      }
      lines.set(key.value, place.line);
      const end = (key.range?.[1] ?? at) + 1;
      return [{ key: key.value, place, value: this.node(value, end, depth + 1) }];
    });
  }

  #wrong(offset: number, sentence: string): void {
    this.mistakes.push({ place: this.#placeAt(offset), sentence });
  }
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function emptyAt(place: FilePlace): TreeScalar {
  return { type: 'scalar', place, form: 'empty', isQuoted: false, text: '' };
}

function scalarAt(place: FilePlace, { value, type }: Scalar): TreeScalar {
  const text = typeof value === 'string' ? value : '';
  const isQuoted = type !== 'PLAIN';
  return { type: 'scalar', place, form: isQuoted ? 'text' : formOf(text), isQuoted, text };
}

function formOf(text: string): TreeScalar['form'] {
  if (text === '') return 'empty';
  if (NULL.test(text)) return 'null';
  if (TRUTH.test(text)) return 'truth';
  return NUMBER.test(text) ? 'number' : 'text';
}

/** The library's own messages may quote the text. */
function sentenceOf({ code }: YAMLError): string {
  return (
    SENTENCES[code] ?? 'the text cannot be read from here: look at the colon, the quotes and the indentation'
  );
}

const QUOTE_IT =
  'the value begins with a character that has a meaning of its own, or has a colon and a space: write it in quotes';

const SENTENCES: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_ALIAS: 'the name of an anchor or an alias is wrong (& and * have a meaning): write the value in quotes',
  BAD_DIRECTIVE: 'lines that begin with % are not read: remove it',
  BAD_DQ_ESCAPE:
    'in double quotes a \\ begins an escape, and this one is none: use single quotes, or write \\\\',
  BAD_INDENT: 'the indentation does not fit the lines before: keys of one block begin in one column',
  BAD_SCALAR_START: QUOTE_IT,
  BLOCK_AS_IMPLICIT_KEY: QUOTE_IT,
  BLOCK_IN_FLOW: 'a block stands inside braces or brackets: write all of it in one style',
  KEY_OVER_1024_CHARS: 'a key is far too long: a quote or a colon is missing before',
  MISSING_CHAR: 'a quote, a colon, a comma, a brace or a bracket is missing here or before',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line: a colon is missing before',
  MULTIPLE_DOCS: 'a second document begins here (---): write one in a file',
  TAB_AS_INDENT: 'a tab indents this line: use spaces',
  TAG_RESOLVE_FAILED: 'tags (words that begin with !) are not read: remove it',
};
