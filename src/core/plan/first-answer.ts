// The first fact of a chain that applies answers.
export const firstAnswer = <Observed, Decision>(
  chain: ((observed: Observed) => Decision | undefined)[],
  observed: Observed,
): Decision | undefined => {
  for (const fact of chain) {
    const decision = fact(observed);
    if (decision !== undefined) {
      return decision;
    }
  }
  return undefined;
};
