// Sorts tables, saves them as CSV, and takes a click on a map to its wijk. Pages work without it.
"use strict";
(() => {
  const say = document.getElementById("said");
  const texts = document.body.dataset;
  const comma = document.documentElement.lang === "nl";

  // what is sorted on is what is shown
  const number = (text) => {
    const plain = comma ? text.replaceAll(".", "").replace(",", ".") : text.replaceAll(",", "");
    const found = plain.replace("−", "-").match(/-?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  };
  const told = (cell) => cell.textContent.trim().replace(/\s+/g, " ");

  const sort = (table, column, head) => {
    const down = head.getAttribute("aria-sort") !== "descending";
    const numeric = head.classList.contains("n");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => {
      const text = told(row.cells[column]);
      return { row, key: numeric ? number(text) : text.toLowerCase() };
    });
    const order = (a, b) => (numeric ? a - b : a.localeCompare(b, document.documentElement.lang));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
      return down ? order(b.key, a.key) : order(a.key, b.key);
    });
    rows.forEach(({ row }) => body.append(row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    say.textContent = (down ? texts.down : texts.up).replace("%", told(head));
  };

  const csv = (table) => {
    const quoted = (text) => {
      // a spreadsheet must not take a name for a formula
      const safe = /^[=+@\t\r]/.test(text) && number(text) === null ? "'" + text : text;
      return /[;"\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
    };
    const lines = [...table.rows].map((row) => [...row.cells].map((c) => quoted(told(c))).join(";"));
    return "\ufeff" + lines.join("\r\n") + "\r\n";
  };

  const save = (table) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
    link.download = (table.dataset.name || "tabel") + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const button = (text, name, work) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.textContent = text;
    made.addEventListener("click", work);
    return made;
  };

  for (const table of document.querySelectorAll("table.sortable, table.save")) {
    if (table.classList.contains("sortable")) [...table.tHead.rows[0].cells].forEach((head, column) => {
      const text = told(head);
      if (text) head.replaceChildren(button(text, "", () => sort(table, column, head)));
    });
    const get = button(texts.csv, "get", () => save(table));
    get.setAttribute("aria-label", texts.csv + ": " + told(table.caption));
    table.parentElement.after(get);
  }
  document.addEventListener("click", (event) => {
    const wijk = event.target.closest ? event.target.closest("svg.map use") : null;
    if (wijk) location.href = wijk.getAttribute("href").slice(1) + ".html";
  });
})();
