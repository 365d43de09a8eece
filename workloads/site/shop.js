// Asks the backend who it is and shows the answer, on load and on demand.
const field = (id) => document.getElementById(id);
const answers = new Map();

async function ask() {
  field("ask").disabled = true;
  const started = performance.now();
  try {
    const response = await fetch("data", { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(15000) });
    if (!response.ok) throw new Error(`the shop answered ${response.status}`);
    const answer = await response.json();
    field("pod").textContent = answer.pod;
    field("node").textContent = answer.node;
    field("took").textContent = `${Math.round(performance.now() - started)} ms`;
    field("status").textContent = "";
    answers.set(answer.pod, (answers.get(answer.pod) ?? 0) + 1);
    showTally();
  } catch (error) {
    field("status").textContent = `No backend answered (${error.message}). Please try again in a moment.`;
  } finally {
    field("ask").disabled = false;
  }
}

function showTally() {
  field("tally").replaceChildren(
    ...[...answers].sort(([a], [b]) => a.localeCompare(b)).map(([pod, count]) => {
      const line = document.createElement("li");
      line.textContent = `${pod}: ${count}`;
      return line;
    }),
  );
}

field("ask").addEventListener("click", ask);
ask();
