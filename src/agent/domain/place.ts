// Where a node says it is: a continent, and a location that is rounded before it leaves (docs/agent.md#messages). Both come
// from settings only; nothing is ever looked up.

import { CONTINENTS } from '../../federation/domain/vocabulary.ts';

const LOCATION = /^([+-]?\d{1,2}(?:\.\d{1,20})?)\s*,\s*([+-]?\d{1,3}(?:\.\d{1,20})?)$/;
const LATITUDE_LIMIT = 90;
const LONGITUDE_LIMIT = 180;

/** The code of a continent in capitals, for example `EU`; null if the text is none of the seven codes. */
export function readContinent(text: string): string | null {
  const code = text.trim().toUpperCase();
  return CONTINENTS.find((continent) => continent === code) ?? null;
}

/** A place in degrees; latitude within ±90, longitude within ±180. */
export interface ExactPlace {
  readonly latitude: number;
  readonly longitude: number;
}

/**
 * The text of `locationBucket` for a place: the nearest half degree, halves up, one decimal each and never `-0.0`.
 */
export function locationBucket({ latitude, longitude }: ExactPlace): string {
  return `${halfDegree(latitude)},${halfDegree(longitude)}`;
}

/**
 * Rounds `latitude,longitude` in degrees as {@link locationBucket} does. Null if the text has another form or lies outside ±90 and ±180.
 */
export function roundLocation(text: string): string | null {
  const match = LOCATION.exec(text.trim());
  if (match === null) return null;
  const latitude = Number(match[1]);
  const longitude = Number(match[2]);
  if (Math.abs(latitude) > LATITUDE_LIMIT || Math.abs(longitude) > LONGITUDE_LIMIT) return null;
  return locationBucket({ latitude, longitude });
}

function halfDegree(degrees: number): string {
  // `Math.round` takes halves up. Adding 0 turns −0 into 0.
  return (Math.round(degrees * 2) / 2 + 0).toFixed(1);
}
