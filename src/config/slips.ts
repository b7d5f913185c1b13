// Finds common slips in a setting's text, whatever the setting: what env files, copying and missing shells leave in a
// value. It never repairs a value: it says what to write, and never quotes the value.

/** How operators write a value. */
export type Nature = 'path' | 'free' | 'other';

const QUOTES = [`""`, `''`, '``', '“”', '„“', '‘’', '«»'];
const QUOTED = new RegExp(`^(?:${QUOTES.map((pair) => `${pair[0]}.*${pair[1]}`).join('|')}|["'\`])$`, 'su');

/**
 * Returns the slip and its remedy; undefined if there is none. `text` is trimmed and not empty. A password may hold any
 * characters, so `free` text has the fewest checks.
 */
export function slipIn(name: string, text: string, nature: Nature): string | undefined {
  if (QUOTED.test(text)) {
    return `the quotes belong to the value, as docker --env-file and others keep them: write ${name}=… without quotes`;
  }
  if (text.startsWith(`${name}=`)) return `the value begins with the setting's own name: write ${name}= once`;
  const invisible = invisibleIn(text, nature);
  if (invisible !== undefined || nature === 'free') return invisible;
  if (/\s#/.test(text)) {
    return 'a comment behind a value belongs to the value: write the comment on a line of its own';
  }
  return nature === 'path' ? slipInPath(text) : undefined;
}

const UNIT_WORDS: Readonly<Record<'duration' | 'size', readonly (readonly [RegExp, string])[]>> = {
  duration: [
    [/^(?:d|days?|tage?|jours?)$/i, 'd'],
    [/^(?:h|hrs?|hours?|std|stunden?|heures?)$/i, 'h'],
    [/^(?:m|mins?|minutes?|minuten?)$/i, 'm'],
    [/^(?:s|secs?|seconds?|sek|sekunden?|secondes?)$/i, 's'],
    [/^(?:ms|msecs?|millis|milliseconds?)$/i, 'ms'],
  ],
  size: [
    [/^(?:b|bytes?)$/i, 'B'],
    [/^kib$/i, 'KiB'],
    [/^mib$/i, 'MiB'],
    [/^gib$/i, 'GiB'],
    [/^tib$/i, 'TiB'],
  ],
};

/**
 * Finds a near form of a duration or a size, such as `30 sec`, `1,5h` or `2 gb`, and says what to write; undefined if the
 * text is none. Only digits and unit words are repeated, which hold no secret.
 */
export function slipInQuantity(text: string, measure: 'duration' | 'size'): string | undefined {
  const [, whole = '', decimals, word = ''] =
    /^([0-9]{1,16})(?:[.,]([0-9]{1,9}))?\s*([A-Za-zµ]{1,12})$/.exec(text) ?? [];
  if (word === '') return undefined;
  const number = decimals === undefined ? whole : `${whole}.${decimals}`;
  const decimalOrBinary = /^([kmgt])(?:b|)$/i.exec(word)?.[1];
  if (measure === 'size' && decimalOrBinary !== undefined) {
    const letter = decimalOrBinary.toUpperCase();
    const decimal = `${number}${letter === 'K' ? 'k' : letter}B`;
    if (text === decimal) return undefined;
    return `write ${decimal} (powers of 1000) or ${number}${letter}iB (powers of 1024)`;
  }
  const unit = UNIT_WORDS[measure].find(([pattern]) => pattern.test(word))?.[1];
  const meant = `${number}${unit ?? ''}`;
  return unit === undefined || meant === text ? undefined : `write ${meant}`;
}

/** As {@link slipIn}, for a value of a file that has quotes and comments of its own, so that these are no slips. */
export function slipInQuoted(text: string, nature: Nature): string | undefined {
  return invisibleIn(text, nature) ?? (nature === 'path' ? slipInPath(text) : undefined);
}

function invisibleIn(text: string, nature: Nature): string | undefined {
  if (/\p{Cc}/u.test(text))
    return 'a control character (a line break, a tab) is in the value: write it on one line, without';
  if (nature === 'free') return undefined;
  return /[\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text)
    ? 'a character that cannot be seen is in the value, perhaps from copying: write the value again by hand'
    : undefined;
}

function slipInPath(text: string): string | undefined {
  if (/^["'`]|["'`]$/.test(text))
    return 'a quote at one end would be part of the name: write the path without quotes';
  if (text.startsWith('~')) {
    return 'no shell has put the home folder in the place of ~: write the folder out (a file of that name: ./~)';
  }
  if (/\$\{?[A-Za-z_]/.test(text)) return 'no shell has filled in the variable: write the path out';
  if (/^[A-Za-z]:[\\/]/.test(text))
    return 'a path of Windows: write one of this machine, for example /data/aggregator.db';
  if (text.includes('\\'))
    return 'a \\ would be part of a name: write / between folders, and a space without \\';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    return 'an address is no path: write the path alone, without scheme';
  if (/ \/|\/ /.test(text)) return 'a name in the path begins or ends with a space: remove the space';
  return undefined;
}

/**
 * A possible slip in a password, which cannot be distinguished from an intended password; undefined if there is none.
 */
export function suspicionOf(name: string, text: string): string | undefined {
  if (!/\s#/.test(text)) return undefined;
  return `${name} (not shown): holds a space and a #; if a comment was meant, write it on a line of its own, for it is taken as part of the value`;
}
