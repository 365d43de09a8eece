// Who served the last answer, from where, and how often each has.
import { Away } from "./api.js";
import { byID, element, say } from "./page.js";

const answers = new Map();
const sources = { cache: "the cache", database: "the database", constant: "itself: it has no database" };

export function show(answer, failure) {
  byID("ask").disabled = false;
  if (!answer?.pod) {
    route([]);
    if (failure instanceof Away) say("status", `No backend answered (${failure.message}). The page asks again by itself.`);
    else say("status", `The backend does not say who it is${failure ? ` (${failure.message})` : ""}.`);
    return;
  }
  say("status", "");
  byID("pod").textContent = answer.pod;
  byID("node").textContent = answer.node ?? "–";
  byID("source").textContent = answer.kept ? "the frontend, which had kept it" : (sources[answer.source] ?? "–");
  byID("took").textContent = `${answer.took} ms`;
  route(answer.kept ? ["frontend"] : ["frontend", "backend", answer.source]);
  if (!answer.kept) answers.set(answer.pod, (answers.get(answer.pod) ?? 0) + 1);
  byID("tally").replaceChildren(
    ...[...answers].sort(([a], [b]) => a.localeCompare(b)).map(([pod, count]) => element("li", {}, `${pod}: ${count}`)),
  );
}

// route marks the steps that the answer took.
function route(taken) {
  for (const step of document.querySelectorAll("[data-step]")) {
    step.classList.toggle("taken", taken.includes(step.dataset.step));
    step.classList.toggle("asked", step.dataset.step === "cache" && taken.includes("database"));
  }
}
