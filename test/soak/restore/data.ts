// What the server holds, in one word that two equal databases share.
import type { RestoreScene } from '../../e2e/support/restore-scene.ts';

export const fingerprintOf = ({ sql }: RestoreScene): Promise<string> =>
  sql(`SELECT (SELECT count(*) || ' ' || md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o)
    || ' ' || (SELECT count(*) || ' ' || md5(string_agg(e::text, ',' ORDER BY n)) FROM noise e)`);

// Makes the state that a Restore replaces: another one each time.
export const spoil = async (shop: RestoreScene): Promise<string> => {
  await shop.sql('DELETE FROM orders WHERE id % 3 = 0');
  await shop.sql('UPDATE noise SET md5 = md5(random()::text) WHERE n % 100 = 0');
  await shop.sql('INSERT INTO orders SELECT generate_series(2000, 2099)');
  return fingerprintOf(shop);
};
