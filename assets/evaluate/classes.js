/** Results by class of the query: one metric at a time, sortable, searchable, every number a button to its examples. */
import { button, el } from "../shared/dom.js";
import { count, measured, taskTitle, unitOf } from "../shared/format.js";
import { ask } from "../shared/http.js";
import { choice, complaint, note, numberButton, scrolled } from "../shared/pieces.js";

export function classes(report, { onPick, path, state }) {
  const names = report.sources.map((source) => source.name);
  const groups = report.tasks.map((task) => taskTitle(task.task, task.reading));
  const tools = el("div", { class: "he-tools" });
  const search = el("input", {
    type: "search",
    placeholder: "search a class",
    "aria-label": "Search a class",
    oninput: () => draw(),
  });
  const shown = note("", { role: "status" });
  const holder = scrolled("Results by class");
  holder.classList.add("he-tall");
  let rows = [];
  let asked = 0;
  const sort = { by: "value0", down: false };

  const task = () => report.tasks[Math.max(0, groups.indexOf(state.task))];
  const valueOf = (row) =>
    sort.by.startsWith("value") ? row.values[Number(sort.by.slice(5))] : row[sort.by];

  function controls() {
    const one = task();
    if (!one.scores.includes(state.score)) state.score = one.scores[0];
    if (!one.metrics.includes(state.metric)) state.metric = one.metrics[0];
    const set = (key) => (value) => {
      state[key] = value;
      controls();
      load();
    };
    tools.replaceChildren(
      choice("Task", groups, taskTitle(one.task, one.reading), set("task")),
      choice("Ranked by", one.scores, state.score, set("score")),
      choice("Metric", one.metrics, state.metric, set("metric")),
      search,
    );
  }

  async function load() {
    const number_ = ++asked;
    const one = task();
    try {
      const answer = await ask(
        path("classes", { task: one.task, reading: one.reading, score: state.score, metric: state.metric }),
      );
      if (number_ !== asked) return;
      rows = answer.rows;
      draw();
    } catch (error) {
      if (number_ === asked) holder.replaceChildren(complaint(error));
    }
  }

  function heading(text, by) {
    const pressed = sort.by === by;
    const sorter = button(text, () => reorder(by), { class: "he-sort", "data-by": by });
    sorter.append(el("i", { "aria-hidden": "true", text: pressed ? (sort.down ? " ▾" : " ▴") : "" }));
    return el("th", { scope: "col", "aria-sort": pressed ? (sort.down ? "descending" : "ascending") : "none" }, sorter);
  }

  function reorder(by) {
    if (sort.by === by) sort.down = !sort.down;
    else Object.assign(sort, { by, down: by === "count" });
    draw();
    holder.querySelector(`[data-by="${by}"]`).focus();
  }

  function ordered() {
    const wanted = search.value.trim().toLowerCase();
    const found = rows.filter((row) => row.name.toLowerCase().includes(wanted));
    const empty = (row) => valueOf(row) === null || valueOf(row) === undefined;
    const compare = (a, b) => (typeof valueOf(a) === "string" ? valueOf(a).localeCompare(valueOf(b)) : valueOf(a) - valueOf(b));
    return found.sort(
      (a, b) => empty(a) - empty(b) || (empty(a) ? 0 : (sort.down ? -1 : 1) * compare(a, b)) || a.name.localeCompare(b.name),
    );
  }

  function line(row, widest) {
    const one = task();
    const cells = row.values.map((value, i) => {
      if (value === null) return el("td", { class: "he-nothing", text: "–" });
      const key = {
        source: names[i],
        task: one.task,
        reading: one.reading,
        score: state.score,
        metric: state.metric,
        label: row.label,
      };
      const bar = el("span", { class: "he-bar-cell", "aria-hidden": "true" });
      bar.style.setProperty("--share", `${(100 * value) / widest}%`);
      const about = `${names[i]}, ${row.name}, ${state.metric}`;
      return el(
        "td",
        {},
        bar,
        numberButton(measured(state.metric, value), about, () => onPick(key)),
      );
    });
    return el(
      "tr",
      { "data-label": row.label },
      el("th", { scope: "row", text: row.name }),
      el("td", { text: count(row.count) }),
      ...cells,
      el("td", { class: "he-chance", text: measured(state.metric, row.chance) }),
    );
  }

  function draw() {
    const list = ordered();
    const widest = Math.max(1, ...rows.flatMap((row) => row.values.filter((value) => value !== null)));
    const head = el(
      "tr",
      {},
      heading("class", "name"),
      heading("queries", "count"),
      ...names.map((name, i) => heading(name, `value${i}`)),
      heading("chance", "chance"),
    );
    const body = list.map((row) => line(row, widest));
    holder.replaceChildren(el("table", { class: "he-by-class" }, el("thead", {}, head), el("tbody", {}, ...body)));
    const unit = unitOf(state.metric) && ", in %";
    shown.textContent = `${count(list.length)} of ${count(rows.length)} classes with queries, by ${state.metric}${unit}.`;
  }

  controls();
  const section = el("div", {}, tools, shown, holder);
  section.shown = () => rows.length || load();
  return section;
}
