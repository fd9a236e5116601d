// Which part of a run a stored log is of. Its object is `logs/<backup>/<time>-<what>.jsonl`.

const whatOf = (object: string): string => /\/\d{8}T\d{6}Z-([^/]+)\.jsonl$/.exec(object)?.[1] ?? object;

// The same titles as those of pods: `dump db`, `dump db 2`, `seal`, `copy cloud`.
export const titleOf = (object: string): string => {
  const what = whatOf(object);
  const dump = /^dump-(.+)-(\d+)$/.exec(what);
  if (dump !== null) {
    return `dump ${dump[1]}${dump[2] === '1' ? '' : ` ${dump[2]}`}`;
  }
  return what.replace(/^copy-/, 'copy ');
};

export const isOfComponent = (object: string, component: string): boolean => /^dump-(.+)-\d+$/.exec(whatOf(object))?.[1] === component;
