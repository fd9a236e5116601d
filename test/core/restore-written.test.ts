// What a Restore must say before anything is done: the policy whose data is replaced, and something that can be undone.
import test from 'ava';
import type { RestoreSpec } from '../../src/api/restore.ts';
import { confirmationProblem, undoProblem } from '../../src/core/restore/refusals.ts';
import type { UndoneRestore } from '../../src/core/restore/refusals.ts';

type Parts = Pick<RestoreSpec, 'source' | 'components' | 'confirmation'>;

const volume = { volume: { path: 'pgdata', runAs: { user: 999, group: 999 } } };
const place = { inPlace: { claimName: 'data-postgres-0' } };
const restore = (spec: Partial<Parts>): { metadata: { namespace: string; name: string }; spec: Parts } => ({
  metadata: { namespace: 'shop', name: 'back' },
  spec: { source: { policyRef: { name: 'shop' }, latest: true }, ...spec },
});
const undo = { policyRef: { name: 'shop' }, restoreRef: { name: 'first' } };

const confirmations: [string, Partial<Parts>, RegExp | undefined][] = [
  ['a new claim', { components: [{ name: 'db', target: volume }] }, undefined],
  ['all components, each into a new claim', {}, undefined],
  ['a component without a target', { components: [{ name: 'db' }] }, undefined],
  [
    'a new claim, with a confirmation that is right',
    { components: [{ name: 'db', target: volume }], confirmation: 'shop/shop' },
    undefined,
  ],
  ['a new claim, with a confirmation of something else', { confirmation: 'shop/other' }, /says "shop\/other"/],
  ['in place', { components: [{ name: 'db', target: place }], confirmation: 'shop/shop' }, undefined],
  [
    'in place beside a new claim',
    {
      components: [
        { name: 'a', target: volume },
        { name: 'b', target: place },
      ],
    },
    /is missing.*"shop\/shop"/,
  ],
  ['in place, another policy', { components: [{ name: 'db', target: place }], confirmation: 'shop/shop2' }, /confirmation: shop\/shop\.$/],
  ['in place, another namespace', { components: [{ name: 'db', target: place }], confirmation: 'other/shop' }, /says "other\/shop"/],
  ['in place, capitals', { components: [{ name: 'db', target: place }], confirmation: 'Shop/shop' }, /says "Shop\/shop"/],
  ['in place, yes', { components: [{ name: 'db', target: place }], confirmation: 'yes' }, /says "yes"/],
  ['an undo', { source: undo, confirmation: 'shop/shop' }, undefined],
  ['an undo without', { source: undo }, /is missing/],
];

for (const [name, spec, says] of confirmations) {
  test(`confirmation: ${name}`, (t) => {
    const problem = confirmationProblem(restore(spec));
    if (says === undefined) {
      t.is(problem, undefined);
    } else {
      t.is(problem?.code, 'ConfirmationMismatch');
      t.regex(problem?.message ?? '', says);
    }
  });
}

const first = (undone: Partial<NonNullable<UndoneRestore['status']>>, source: Partial<Parts['source']> = {}): UndoneRestore => ({
  spec: { source: { policyRef: { name: 'shop' }, latest: true, ...source } },
  status: { endTime: '2026-11-22T14:10:00Z', ...undone },
});
const aside: NonNullable<NonNullable<UndoneRestore['status']>['undo']> = { state: 'Available', method: 'Renamed', components: ['db'] };

const undos: [string, UndoneRestore | undefined, RegExp | undefined][] = [
  ['what was put aside', first({ undo: aside }), undefined],
  [
    'what this very Restore has undone: it is asked again at each step',
    first({ undo: { ...aside, state: 'Undone', by: 'back' } }),
    undefined,
  ],
  ['nobody knows of', undefined, /There is no Restore "first" in the namespace shop/],
  ['of another policy', first({ undo: aside }, { policyRef: { name: 'stock' } }), /of the policy "stock".*confirmation: shop\/stock/],
  ['an undo', first({ undo: aside }, { restoreRef: { name: 'zeroth' } }), /is an undo itself/],
  ['what still runs', { ...first({ undo: aside }), status: { undo: aside } }, /has not ended/],
  ['of which nothing is known', { spec: first({}).spec }, /has not ended/],
  ['that put nothing aside', first({}), /put nothing aside/],
  ['that was undone', first({ undo: { ...aside, state: 'Undone', by: 'other' } }), /undone already, by "other"/],
  ['that is too old', first({ undo: { ...aside, state: 'Expired', until: '2026-11-29T14:10:00Z' } }), /removed after 2026-11-29/],
];

for (const [name, undone, says] of undos) {
  test(`undo: ${name}`, (t) => {
    const problem = undoProblem(restore({ source: undo, confirmation: 'shop/shop' }), undone);
    if (says === undefined) {
      t.is(problem, undefined);
    } else {
      t.is(problem?.code, 'NothingToUndo');
      t.regex(problem?.message ?? '', says);
    }
  });
}

test('what is no undo has nothing to be undone', (t) => {
  t.is(undoProblem(restore({}), undefined), undefined);
});
