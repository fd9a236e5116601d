// Small facts about the WAL archive of a component: the name of its slot, who acknowledges, and sizes.
import test from 'ava';
import * as fc from 'fast-check';
import { sizeBytes } from '../../src/core/plan/size.ts';
import { acknowledgingTiers } from '../../src/core/wal/acknowledging.ts';
import { slotNameOf } from '../../src/core/wal/slot-name.ts';
import { hash, makePolicy } from './fixtures.ts';

const shop = { namespace: 'shop', policy: 'shop', component: 'db' };

test('a slot has the name that the policy says, or one made from namespace, policy and component', (t) => {
  t.is(slotNameOf({ slotName: 'standby_3' }, shop, hash), 'standby_3');
  t.is(slotNameOf({}, shop, hash), 'holdfast_shop_shop_db');
  t.is(slotNameOf({}, { namespace: 'team-a', policy: 'shop-eu', component: 'db-1' }, hash), 'holdfast_team_a_shop_eu_db_1');
});

const word = (most: number) =>
  fc.stringMatching(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { maxLength: most, size: 'max' }).filter((text) => text.length <= most);

test('whatever the names, PostgreSQL takes the slot, and long names that differ stay different', (t) => {
  fc.assert(
    fc.property(word(63), word(32), word(20), (namespace, policy, component) => {
      t.regex(slotNameOf({}, { namespace, policy, component }, hash), /^[a-z0-9_]{1,63}$/);
    }),
  );
  const long = { namespace: 'n'.repeat(63), policy: 'p'.repeat(32) };
  t.not(slotNameOf({}, { ...long, component: 'one' }, hash), slotNameOf({}, { ...long, component: 'two' }, hash));
});

test('the primary acknowledges where nobody is named; else those that are, in the order of the policy', (t) => {
  const { spec } = makePolicy();
  t.deepEqual(acknowledgingTiers(spec, { acknowledge: [] }), ['local']);
  t.deepEqual(acknowledgingTiers(spec, { acknowledge: ['cloud'] }), ['cloud']);
  t.deepEqual(acknowledgingTiers(spec, { acknowledge: ['cloud', 'local'] }), ['local', 'cloud']);
});

for (const [text, bytes] of [
  ['1', 1],
  ['10Gi', 10 * 1024 ** 3],
  ['1.5Mi', 1.5 * 1024 ** 2],
  ['2G', 2e9],
  ['64k', 64_000],
] as const) {
  test(`a size of ${text} is ${bytes} bytes`, (t) => {
    t.is(sizeBytes(text), bytes);
  });
}
