// What frames of the namespace begin with, and a pause.
export const NAMESPACE = "/tickets,";
export const EVENT = `42${NAMESPACE}`;
export const ACK = `43${NAMESPACE}`;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
