// What a label of RFC 1123 looks like. In a file of its own: the operator needs no schemas.
export const labelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
