// Reads one label of a message: a closed vocabulary gives an index, an open one a checked text, a location its cell. A
// string outside its vocabulary counts as absent and is reported in `unknown`. The caller handles any other JSON type.

import { LABEL_DIMENSIONS, type LabelDimension } from './vocabulary.ts';

const OPEN_LABEL = /^[A-Za-z0-9._:/+-][A-Za-z0-9._:/+ -]*$/;
const OPEN_LABEL_LENGTH_MAX = 64;
const LOCATION = /^(-?\d{1,2}(?:\.\d)?),(-?\d{1,3}(?:\.\d)?)$/;

/** Returned instead of a label if the value has the wrong JSON type. */
export const WRONG_TYPE = Symbol('wrong type');

/** A closed vocabulary prepared for reading: the index of each label. `unknown` and any other text read as `absent`. */
export interface ClosedVocabulary {
  readonly dimension: number;
  readonly absent: number;
  readonly index: ReadonlyMap<string, number>;
}

/** Prepares the labels of a dimension, in publication order; `absent` is the index one past the last label. */
export function closedVocabulary(dimension: LabelDimension, labels: readonly string[]): ClosedVocabulary {
  return {
    dimension: LABEL_DIMENSIONS.indexOf(dimension),
    absent: labels.length,
    index: new Map(labels.map((label, index) => [label, index])),
  };
}

/** Reads labels. It remembers none of them, because text from outside must not stay in memory (`privacy.ts`). */
export class LabelReader {
  /** Dimensions of the unknown labels in the current message. The decoder counts them if it accepts the message. */
  readonly unknown: number[] = [];

  closed(vocabulary: ClosedVocabulary, value: unknown): number | typeof WRONG_TYPE {
    if (value === undefined || value === null) return vocabulary.absent;
    if (typeof value !== 'string') return WRONG_TYPE;
    const index = vocabulary.index.get(value);
    if (index !== undefined) return index;
    if (value !== 'unknown') this.unknown.push(vocabulary.dimension);
    return vocabulary.absent;
  }

  /** Reads an open label: the text, or null if absent. With `integers`, a whole number reads as its decimal digits. */
  open(dimension: number, value: unknown, integers: boolean): string | typeof WRONG_TYPE | null {
    if (value === undefined || value === null) return null;
    let text: string;
    if (typeof value === 'string') text = value;
    else if (integers && typeof value === 'number' && Number.isInteger(value)) text = String(value);
    else return WRONG_TYPE;
    if (text === 'unknown') return null;
    if (text.length <= OPEN_LABEL_LENGTH_MAX && OPEN_LABEL.test(text)) return text;
    this.unknown.push(dimension);
    return null;
  }

  /** Reads a location: the half-degree cell that contains it, or null if absent. */
  location(dimension: number, value: unknown): string | typeof WRONG_TYPE | null {
    if (value === undefined || value === null) return null;
    if (typeof value !== 'string') return WRONG_TYPE;
    if (value === 'unknown') return null;
    const cell = locationCell(value);
    if (cell === null) this.unknown.push(dimension);
    return cell;
  }
}

/**
 * The half-degree cell of `lat,lon` (degrees, at most one decimal each); null if the text has another form or is out of
 * range.
 */
export function locationCell(text: string): string | null {
  const match = LOCATION.exec(text);
  if (match === null) return null;
  const latitude = Number(match[1]);
  const longitude = Number(match[2]);
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  return `${corner(latitude)},${corner(longitude)}`;
}

function corner(degrees: number): string {
  // Adding 0 turns −0 into 0.
  return (Math.floor(degrees * 2) / 2 + 0).toFixed(1);
}
