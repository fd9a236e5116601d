// Playbooks: the names of the policy are filled in, every command is one that this program takes, and every manifest is a Restore.
import test from 'ava';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { restoreSpecSchema } from '../../src/api/restore.ts';
import { mustFit } from '../../src/commands/emergency/options.ts';
import type { EmergencyOptions } from '../../src/commands/emergency/options.ts';
import { readWish } from '../../src/commands/emergency/wish.ts';
import { disasterNames } from '../../src/commands/playbook/disasters.ts';
import { buildProgram } from '../../src/commands/program.ts';
import { first } from './doctor-world.ts';
import { shop } from './emergency-world.ts';
import { now } from './examples.ts';
import { failing, forbidden, play, unavailable } from './play.ts';

const wordsOf = (line: string): string[] => [...line.matchAll(/'([^']*)'|<[^>]*>|\S+/g)].map(([word, quoted]) => quoted ?? word);

// Takes the words as the program would, and does nothing.
const taken = async (words: string[]): Promise<Command> => {
  const program = buildProgram(async () => undefined);
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  }
  await program.parseAsync(words, { from: 'user' });
  return program;
};

const commandsIn = (page: string): string[] => page.split('\n').flatMap((line) => /^ +(kubectl .+)$/.exec(line)?.[1] ?? []);
const manifestIn = (page: string) => parse(page.slice(page.indexOf('\n', page.indexOf('restore.yaml: ')) + 1));

const archiving = () => {
  const world = shop();
  first(world, 'backuppolicies')['spec'].components[0].postgresql.walArchive = { mode: 'Continuous' };
  return world;
};

for (const disaster of disasterNames) {
  for (const [how, objects] of [
    ['with an archive of WAL', archiving],
    ['without one', shop],
  ] as const) {
    test(`playbook ${disaster} ${how}: names, commands and manifest are real`, async (t) => {
      const { code, stdout, stderr } = await play(t, ['playbook', disaster, 'shop'], { objects: objects(), io: { startTime: now } });
      t.is(code, 0, stderr);
      t.is(stderr, '');
      t.notRegex(stdout, /<[a-z]/, 'nothing is left to fill in');
      t.regex(stdout, /^Tell: ops@example\.org$/m);
      const commands = commandsIn(stdout);
      const own = commands.filter((each) => each.startsWith('kubectl holdfast '));
      t.true(own.length > 3);
      for (const command of own) {
        const taking = taken(wordsOf(command).slice(2));
        await t.notThrowsAsync(taking, command);
        const restore = (await taking).commands.find((each) => each.name() === 'restore');
        if (command.startsWith('kubectl holdfast restore ') && restore !== undefined) {
          const options = restore.opts<EmergencyOptions>();
          t.notThrows(() => {
            mustFit(options);
            return options.emergency === undefined ? undefined : readWish(options);
          }, command);
        }
      }
      const manifest = manifestIn(stdout);
      const parsed = restoreSpecSchema.safeParse(manifest.spec);
      t.true(parsed.success, String(parsed.error));
      t.true(manifest.metadata.name.length <= 52);
      t.is(manifest.metadata.namespace, 'shop');
      // What is waited for, approved and undone is what was applied.
      for (const name of commands.flatMap((each) => /restore\/(\S+)/.exec(each)?.[1] ?? [])) {
        t.is(name, manifest.metadata.name);
      }
      t.is('pointInTime' in manifest.spec, how === 'with an archive of WAL' && disaster !== 'region-loss');
    });
  }
}

test('the page of one disaster, word for word', async (t) => {
  const { stdout } = await play(t, ['playbook', 'accidental-delete', '--time', '2026-11-22T05:00:00Z'], {
    objects: archiving(),
    io: { startTime: now },
  });
  t.is(
    stdout,
    `Somebody deleted rows, a table or a database by mistake
Policy shop/shop, tiers local, cloud.
Tell: ops@example.org

First
- Write down when it happened, to the second, with the time zone. The moment before it is what you want back.
- Stop what would fill the gap with new rows. The rest may go on.
- One table is no reason to set the whole database back: restore beside it, and copy the table over.

Then
1. See that the moment can come back:
   kubectl holdfast status shop -n shop

2. Have what was written up to now archived:
   kubectl holdfast backup shop -n shop --type Log --wait

3. Restore beside, by the manifest below; start a server on the new claim, and copy the rows with pg_dump --table:
   kubectl create secret generic shop-identity -n shop --from-file=identity=identity.txt
   kubectl apply -f restore.yaml
   kubectl holdfast wait restore/shop-look-20261122 -n shop
   kubectl delete secret shop-identity -n shop

4. Where everything shall go back: in place. What is there is put aside, and can be undone:
   kubectl holdfast restore --emergency --to-time 2026-11-22T05:00:00Z -n shop --policy shop --component db --claim data-postgres-0 --identity identity.txt

restore.yaml: into a new claim, as of the moment in it: --time writes another one; nothing that runs is touched
apiVersion: holdfast.dev/v1alpha1
kind: Restore
metadata:
  name: shop-look-20261122
  namespace: shop
spec:
  source:
    policyRef:
      name: shop
    identitySecretRef:
      name: shop-identity
  pointInTime:
    time: 2026-11-22T05:00:00Z
  components:
    - name: db
      target:
        volume:
          claimName: shop-look-20261122
`,
  );
});

test('where the API server is away the page is printed all the same, with names to fill in', async (t) => {
  const { code, stdout, stderr } = await play(t, ['playbook', 'region-loss', 'shop', '-n', 'shop'], {
    with: failing({ 'GET ': unavailable }),
  });
  t.is(code, 0, stderr);
  t.regex(stderr, /^The API server does not answer: fill in what stands between < and >/);
  t.regex(stdout, /kubectl holdfast list --from <folder, or s3:\/\/bucket\/prefix> --verification-key identity\.txt/);
  t.regex(stdout, /--take-over --confirm shop\/shop/);
});

test('playbook: who may not look at workloads gets the claim to fill in; wrong use is 2, no policy is 3', async (t) => {
  const blind = await play(t, ['playbook', 'database-corruption'], { objects: shop(), with: failing({ 'GET statefulsets': forbidden }) });
  t.is(blind.code, 0, blind.stderr);
  t.regex(blind.stdout, /--claim <claim> /);
  const strange = await play(t, ['playbook', 'flood']);
  t.is(strange.code, 2);
  t.regex(strange.stderr, /Allowed choices are database-corruption, region-loss, ransomware, accidental-delete, credential-compromise/);
  t.is((await play(t, ['playbook', 'ransomware', '--time', 'noon'])).code, 2);
  t.is((await play(t, ['playbook', 'ransomware', 'absent'])).code, 3);
});
