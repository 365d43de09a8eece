// What the shop's API answers, and what it means when it does not.

// Away: nobody answered, or somebody who could not. Asking again in a moment may help.
export class Away extends Error {
  constructor(message, seconds) {
    super(message);
    this.seconds = seconds;
  }
}

// Refused: the shop answered and said no. Asking again changes nothing.
export class Refused extends Error {
  constructor(status, answer) {
    super(answer?.error ?? `the shop answered ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

const patience = 15000; // milliseconds; the frontend gives up earlier
const soon = 5; // seconds until another try, where the shop names none

export const catalogue = () => ask("api/products");

export const order = (key, items) =>
  ask("api/orders", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify({ items }),
  });

async function ask(path, request = {}) {
  const started = performance.now();
  let response, text;
  try {
    response = await fetch(path, {
      ...request,
      headers: { Accept: "application/json", ...request.headers },
      signal: AbortSignal.timeout(patience),
    });
    text = await response.text();
  } catch {
    throw new Away("nobody answered", soon);
  }
  const answer = parse(text);
  if (response.status >= 500 || response.status === 429) {
    const seconds = Number.parseInt(response.headers.get("Retry-After"), 10);
    throw new Away(`the shop answered ${response.status}`, seconds > 0 ? seconds : soon);
  }
  if (!response.ok) throw new Refused(response.status, answer);
  if (answer === undefined) throw new Refused(response.status, { error: "the answer is not the shop's" });
  return {
    ...answer,
    took: Math.round(performance.now() - started),
    // https://www.rfc-editor.org/rfc/rfc9211
    kept: /;\s*hit\b/.test(response.headers.get("Cache-Status") ?? ""),
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
