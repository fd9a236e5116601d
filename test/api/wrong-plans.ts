// Wrong promises, and wrong times.
import type { Loose } from './right-inputs.ts';
import { wrongPolicy } from './wrong-policy.ts';
import type { WrongInput } from './wrong-policy.ts';

const full = (policy: Loose): Loose => policy.spec.schedules.full;
const health = (policy: Loose, change: object): void => {
  policy.spec.schedules.health = { cron: '15 * * * *', ...change };
};

export const wrongPlans: WrongInput[] = [
  wrongPolicy('objective in words', ['objectives.rpo', 'duration such as'], (p) => {
    p.spec.objectives = { rpo: 'one day' };
  }),
  wrongPolicy('objective of a restore in words', ['objectives.rto', 'duration such as'], (p) => {
    p.spec.objectives = { rpo: '24h', rto: 'at once' };
  }),
  wrongPolicy('objective of nothing', ['objectives.rpo', 'longer than zero'], (p) => {
    p.spec.objectives = { rpo: '0h' };
  }),
  wrongPolicy(
    'objective as a number',
    ['objectives.rpo', 'must be of type string'],
    (p) => {
      p.spec.objectives = { rpo: 24 };
    },
    { saysServerSide: ['objectives.rpo', 'expected string'] },
  ),
  wrongPolicy('warning below zero', ['objectives.warnAt', 'duration such as'], (p) => {
    p.spec.objectives = { rpo: '24h', warnAt: '-1h' };
  }),
  wrongPolicy('starting deadline in milliseconds', ['schedules.full.startingDeadline', 'duration such as'], (p) => {
    full(p).startingDeadline = '500ms';
  }),
  wrongPolicy('jitter in percent', ['schedules.full.jitter', 'duration such as'], (p) => {
    full(p).jitter = '10%';
  }),
  // The other schedules of backups have the fields of the first one.
  ...(['differential', 'incremental', 'log'] as const).flatMap((kind) => {
    const schedule = (policy: Loose, change: object): void => {
      policy.spec.schedules[kind] = { cron: '0 */6 * * *', ...change };
    };
    return [
      wrongPolicy(`${kind} at minute 75`, [`schedules.${kind}.cron`, 'the minute'], (p) => schedule(p, { cron: '75 * * * *' })),
      wrongPolicy(`${kind} by an offset`, [`schedules.${kind}.timeZone`, 'IANA name'], (p) => schedule(p, { timeZone: '+02:00' })),
      wrongPolicy(`${kind} with a deadline in words`, [`schedules.${kind}.startingDeadline`, 'duration'], (p) =>
        schedule(p, { startingDeadline: 'soon' }),
      ),
      wrongPolicy(`${kind} with jitter in percent`, [`schedules.${kind}.jitter`, 'duration'], (p) => schedule(p, { jitter: '10%' })),
    ];
  }),
  wrongPolicy('reading by a nickname', ['schedules.health.cron', 'five fields'], (p) => health(p, { cron: '@hourly' })),
  wrongPolicy('reading at minute 75', ['schedules.health.cron', 'the minute', '0-59'], (p) => health(p, { cron: '75 * * * *' })),
  wrongPolicy('reading in a zone that is none', ['schedules.health.timeZone', 'IANA name'], (p) => health(p, { timeZone: 'CEST' })),
  wrongPolicy('jitter of nothing', ['schedules.health.jitter', 'longer than zero'], (p) => health(p, { jitter: '0m' })),
  wrongPolicy(
    'starting deadline of a reading',
    ['unknown field "spec.schedules.health.startingDeadline"'],
    (p) => health(p, { startingDeadline: '1h' }),
    {
      saysServerSide: ['.spec.schedules.health.startingDeadline', 'field not declared in schema'],
    },
  ),
  wrongPolicy(
    'schedule of what there is not',
    ['unknown field "spec.schedules.hourly"'],
    (p) => {
      p.spec.schedules.hourly = { cron: '0 * * * *' };
    },
    { saysServerSide: ['.spec.schedules.hourly', 'field not declared in schema'] },
  ),
  wrongPolicy('a history of nothing', ['history.full', 'greater than or equal to 1'], (p) => {
    p.spec.history = { full: 0 };
  }),
  wrongPolicy('a history of a thousand', ['history.full', 'less than or equal to 500'], (p) => {
    p.spec.history = { full: 1000 };
  }),
  wrongPolicy('a history of no increment', ['history.incremental', 'greater than or equal to 1'], (p) => {
    p.spec.history = { incremental: 0 };
  }),
  wrongPolicy('a history of no Log backup', ['history.log', 'greater than or equal to 1'], (p) => {
    p.spec.history = { log: 0 };
  }),
  wrongPolicy('a mail address as route', ['notify.route', 'use lower-case letters'], (p) => {
    p.spec.notify = { route: 'team@example.org' };
  }),
  wrongPolicy('notify without a route', ['notify.route', 'Required value'], (p) => {
    p.spec.notify = {};
  }),
  wrongPolicy(
    'a contact where only routes belong',
    ['unknown field "spec.notify.email"'],
    (p) => {
      p.spec.notify = { route: 'default', email: 'team@example.org' };
    },
    { saysServerSide: ['.spec.notify.email', 'field not declared in schema'] },
  ),
];
