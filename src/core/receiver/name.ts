// Name of the Deployment of a component's receiver, at most 57 characters.
export const receiverName = (policy: string, component: string): string => `${policy}-wal-${component}`;
