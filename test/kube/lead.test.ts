// When the work of a process begins.
import test from 'ava';
import { noElection } from '../../src/kube/election.ts';
import { lead } from '../../src/kube/lead.ts';

test('a process that is alone starts nothing before it knows the cluster: what it sees by then would look like nothing at all', async (t) => {
  const ready = Promise.withResolvers<void>();
  const stop = new AbortController();
  let made = 0;
  const leading = lead({
    election: noElection(ready.promise),
    parts: () => {
      made += 1;
      return [];
    },
    signal: stop.signal,
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(made, 0);
  ready.resolve();
  await leading;
  t.is(made, 1);
  stop.abort();
});
