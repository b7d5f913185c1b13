// Random event files as text: every shape of a record, names and values in every spelling of JSON, members in any order
// and more than once.

import fc from 'fast-check';

const LABELS = [
  'type',
  'executionId',
  'invoiceId',
  'chainId',
  'taskType',
  'taskId',
  'timestamp',
  'taskCreated_timeStamp',
];
const ITEM_LABELS = ['total_steps_computed', 'peak_memory_used', 'operation', 'type', 'payload', 'lineItem'];
const OTHERS = ['', 'input', 'payloa', 'payloads', 'Type', 'records', '__proto__', '"', '\\', 'ключ', '😀'];

const space = fc.constantFrom('', '', '', ' ', '\n  ', '\t\r\n');

/** A string in one of its spellings: characters as they are, or escaped. */
export const spelled = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.infiniteStream(fc.nat(3))).map(([value, choices]) => {
    let spelling = '"';
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      const choice = choices.next().value;
      const escaped = `\\u${unit.toString(16).padStart(4, '0')}`;
      const isHalf = unit >= 0xd800 && unit <= 0xdfff;
      if (isHalf) spelling += escaped;
      else if (choice === 0) spelling += escaped.toUpperCase().replace('U', 'u');
      else spelling += JSON.stringify(value[index]).slice(1, -1);
    }
    return `${spelling.replaceAll('\\/', '/')}"`;
  });

const number = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1792917253851031498',
    '5e-7',
    '17',
    '1.5E+3',
    '-12.25',
    '1725385103522',
    '43113',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
);
const word = fc.oneof(
  fc.constantFrom(
    'task_created',
    'computed_outcome',
    'invoice',
    'charge',
    'rust',
    '43113',
    '17',
    '2024-09-03T17:38:23Z',
  ),
  fc.constant(`rs_${'0f'.repeat(32)}`),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.integer({ min: 500, max: 520 }).map((length) => 'x'.repeat(length)),
);
const scalar = fc.oneof(number, spelled(word), fc.constantFrom('true', 'false', 'null'));

const list = (element: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(
        fc.tuple(space, element, space).map((parts) => parts.join('')),
        { maxLength: 3 },
      ),
      space,
    )
    .map(([elements, within]) => `[${elements.length === 0 ? within : elements.join(',')}]`);

const object = (members: fc.Arbitrary<readonly (readonly [string, string])[]>): fc.Arbitrary<string> =>
  fc
    .tuple(members, space, space)
    .map(
      ([all, left, right]) =>
        `{${left}${all.map(([name, value]) => `${name}${left}:${right}${value}${right}`).join(',')}}`,
    );

const member = (names: readonly string[], value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  fc.tuple(spelled(fc.constantFrom(...names)), value);

const { anything } = fc.letrec<{ anything: string }>((tie) => ({
  anything: fc.oneof(
    { depthSize: 'small' },
    scalar,
    list(tie('anything')),
    object(fc.array(member([...OTHERS, ...LABELS], tie('anything')), { maxLength: 3 })),
  ),
}));

const level = (more: readonly fc.Arbitrary<[string, string]>[]): fc.Arbitrary<string> =>
  object(
    fc.array(
      fc.oneof(
        { arbitrary: member(LABELS, scalar), weight: 5 },
        {
          arbitrary: member(['type'], fc.constantFrom('"task_created"', '"computed_outcome"', '"invoice"')),
          weight: 2,
        },
        { arbitrary: member(['lineItem'], fc.oneof(list(item), anything)), weight: 1 },
        {
          arbitrary: member([...OTHERS, ...LABELS, ...ITEM_LABELS, 'payload', 'message'], anything),
          weight: 2,
        },
        ...more.map((arbitrary) => ({ arbitrary, weight: 2 })),
      ),
      { maxLength: 8 },
    ),
  );
const item = fc.oneof(
  object(fc.array(member([...ITEM_LABELS, ...OTHERS], fc.oneof(scalar, anything)), { maxLength: 5 })),
  anything,
);
const message = level([]);
const payload = level([member(['message'], message)]);
const record = fc.oneof(
  { arbitrary: level([member(['payload'], payload), member(['message'], message)]), weight: 8 },
  { arbitrary: anything, weight: 1 },
);
const records = fc
  .tuple(
    fc.array(
      fc.tuple(space, record, space).map((parts) => parts.join('')),
      { maxLength: 5 },
    ),
    space,
  )
  .map(([all, within]) => `[${all.length === 0 ? within : all.join(',')}]`);

/** The text of an event file. It has at most one member `records`. */
export const documentText: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(space, records, space).map((parts) => parts.join('')),
  fc
    .tuple(
      space,
      fc.array(member(['', 'record', 'Records', 'meta', 'type', 'payload'], anything), { maxLength: 2 }),
      fc.tuple(
        spelled(fc.constant('records')),
        fc.oneof({ arbitrary: records, weight: 5 }, fc.constantFrom('null', '{}', '7')),
      ),
      fc.array(member(['', 'record', 'meta', 'payload'], anything), { maxLength: 2 }),
      space,
    )
    .map(([left, before, middle, after, right]) => {
      const members = [...before, middle, ...after].map(([name, value]) => `${name}:${value}`);
      return `${left}{${members.join(`${right},`)}}${right}`;
    }),
);
